#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/open_folder.h"
#include "programs/disk_files.h"
#include "programs/disk_use.h"
#include "programs/keeper_tags.h"
#include "programs/user_processes.h"

namespace planwright {
namespace {

std::string procPath(pid_t pid, const char* what) {
  return "/proc/" + std::to_string(pid) + "/" + what;
}

std::string linkText(const std::string& path) {
  char text[4096];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::set<FileId> idsOf(const std::vector<std::string>& folders, const std::string& root) {
  std::set<FileId> ids;
  struct stat info {};
  for (const auto& folder : folders)
    if (::stat((root + folder).c_str(), &info) == 0) ids.insert(idOf(info));
  return ids;
}

/// Of one run.
class Unlinked {
 public:
  Unlinked(const std::vector<std::string>& folders, std::uint32_t user)
      : folders_(folders),
        user_(user),
        ids_(idsOf(folders, {})) {
    for (const auto& [device, inode] : ids_) devices_.insert(device);
  }

  void look(pid_t pid) {
    const bool isMember = user_ != 0 || isInSandbox(pid);
    lookIn(pid, "fd", isMember);
    lookIn(pid, "map_files", isMember);
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// In one that shows the folders, which are shown to nobody else. A sandbox has a root of its
  /// own; what only has its own mounts sees all that we see.
  bool isInSandbox(pid_t pid) const {
    const std::string root = procPath(pid, "root");
    const auto theirs = idsOf({"/"}, root);
    return !ids_.empty() && !theirs.empty() && theirs != idsOf({"/"}, {}) &&
           idsOf(folders_, root) == ids_;
  }

  void lookIn(pid_t pid, const char* what, bool isMember) {
    const std::string place = procPath(pid, what);
    const OpenFolder folder(::opendir(place.c_str()));
    while (const dirent* entry = nextEntry(folder)) {
      const std::string path = place + "/" + entry->d_name;
      struct stat file {};
      if (::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink != 0)
        continue;
      if (isMember ? isOnDisk(path, file) : wasInFolders(path)) count(file);
    }
  }

  /// Not a file of memory, which is no disk.
  bool isOnDisk(const std::string& path, const struct stat& file) const {
    if (devices_.contains(file.st_dev)) return true;
    struct statfs place {};
    return ::statfs(path.c_str(), &place) == 0 && place.f_type != TMPFS_MAGIC &&
           place.f_type != HUGETLBFS_MAGIC;
  }

  bool wasInFolders(const std::string& path) const {
    const std::string name = linkText(path);
    return std::any_of(folders_.begin(), folders_.end(), [&name](const std::string& folder) {
      return name.starts_with(folder) && name[folder.size()] == '/';
    });
  }

  void count(const struct stat& file) {
    if (seen_.insert(idOf(file)).second) bytes_ += bytesOnDisk(file);
  }

  const std::vector<std::string>& folders_;
  const std::uint32_t user_;
  const std::set<FileId> ids_;
  std::set<dev_t> devices_;
  std::set<FileId> seen_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

ProcessesByUser processesByUser() {
  ProcessesByUser found;
  for (const pid_t pid : allProcesses()) found[userOf(pid)].push_back(pid);
  return found;
}

std::uint64_t unlinkedUse(const std::vector<std::string>& folders, std::uint32_t user,
                          const ProcessesByUser& processes) {
  const auto theirs = processes.find(user != 0 ? user : ::geteuid());
  if (theirs == processes.end()) return 0;
  Unlinked unlinked(folders, user);
  for (const pid_t pid : theirs->second) unlinked.look(pid);
  return unlinked.bytes();
}

}  // namespace planwright
