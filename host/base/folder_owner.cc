#include "base/folder_owner.h"

#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace planwright {

namespace fs = std::filesystem;

void giveFolder(const fs::path& folder, uid_t user, gid_t group) {
  std::error_code error;
  auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied,
                                             error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    struct stat info {};
    if (::lstat(at->path().c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode) || info.st_nlink == 1) ::lchown(at->path().c_str(), user, group);
  }
  ::lchown(folder.c_str(), user, group);
}

void takeFolderBack(const fs::path& folder) {
  ::lchown(folder.c_str(), ::geteuid(), ::getegid());
}

uid_t ownerOf(const fs::path& folder) {
  struct stat info {};
  return ::lstat(folder.c_str(), &info) == 0 ? info.st_uid : ::geteuid();
}

LentFolder::LentFolder(fs::path folder, uid_t user)
    : folder_(user == ::geteuid() ? fs::path() : std::move(folder)) {
  if (!folder_.empty()) giveFolder(folder_, user, user);
}

LentFolder::~LentFolder() {
  if (!folder_.empty()) takeFolderBack(folder_);
}

}  // namespace planwright
