#include "base/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_owner.h"
#include "base/log.h"
#include "base/remove_tree.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannotMake(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), "cannot make " + path.string());
}

}  // namespace

ScratchFolder::ScratchFolder(fs::path path) : path_(std::move(path)) {
  struct stat made {};
  if (::lstat(path_.c_str(), &made) != 0) cannotMake(path_);
  device_ = made.st_dev;
  inode_ = made.st_ino;
  mode_ = made.st_mode & 07777;
}

ScratchFolder ScratchFolder::at(fs::path path, mode_t mode) {
  removeTree(path);
  if (::mkdir(path.c_str(), mode) != 0) cannotMake(path);
  return ScratchFolder(std::move(path));
}

ScratchFolder ScratchFolder::below(const fs::path& parent) {
  const fs::path folder = parent.empty() ? fs::temp_directory_path() : parent;
  std::string name = (folder / "planwright-XXXXXX").string();
  if (!::mkdtemp(name.data())) cannotMake(name);
  return ScratchFolder(name);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_),
      mode_(other.mode_) {}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  if (isStillOurs()) clear();
  removeTree(path_);  // follows no link
}

bool ScratchFolder::isStillOurs() const {
  struct stat now {};
  if (::lstat(path_.c_str(), &now) != 0 || !S_ISDIR(now.st_mode)) return false;
  if (now.st_dev != device_ || now.st_ino != inode_) return false;
  return (now.st_mode & 07777) == mode_ || ::chmod(path_.c_str(), mode_) == 0;
}

bool ScratchFolder::clear() {
  if (!isStillOurs()) {
    log::warn("{} was replaced by the program that ran in it", path_.string());
    return false;
  }
  const std::error_code error = emptyFolder(path_);
  ::chmod(path_.c_str(), mode_);  // as it was for the program before
  if (lastUserOf(path_) != 0) ::lchown(path_.c_str(), ::geteuid(), ::getegid());
  if (!error) return true;
  log::warn("cannot empty {}: {}", path_.string(), error.message());
  return false;
}

}  // namespace planwright
