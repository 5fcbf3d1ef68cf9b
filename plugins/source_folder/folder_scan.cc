#include "folder_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "file_system.h"

namespace source_folder {
namespace {

bool isFolder(DIR* folder, const struct dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return ::fstatat(::dirfd(folder), entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

}  // namespace

FolderScan::FolderScan(pw::Fd root, bool isRecursive, OnFolder onFolder)
    : root_(std::move(root)),
      isRecursive_(isRecursive),
      onFolder_(std::move(onFolder)) {}

void FolderScan::next(std::size_t limit, std::vector<std::string>& names) {
  const std::size_t end = names.size() + limit;
  while (names.size() < end && !isDone()) {
    if (!open_) {
      openNext();
      continue;
    }
    const struct dirent* entry = ::readdir(open_.get());
    if (entry == nullptr) {
      open_.reset();
    } else if (entry->d_name[0] == '.') {
      continue;
    } else if (!isFolder(open_.get(), *entry)) {
      names.push_back(prefix_ + entry->d_name);
    } else if (isRecursive_) {
      add(prefix_ + entry->d_name);
    }
  }
}

/// A folder that is gone by now is none to be listed.
void FolderScan::openNext() {
  const std::string name = std::move(waiting_.back());
  waiting_.pop_back();
  const pw::Fd fd = openSubfolder(root_.get(), name.empty() ? "." : name);
  if (fd.get() < 0) return;
  onFolder_(fd.get(), name);
  open_.reset(::fdopendir(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)));
  prefix_ = name.empty() ? "" : name + "/";
}

}  // namespace source_folder
