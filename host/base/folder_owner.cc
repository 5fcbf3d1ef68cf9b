#include "base/folder_owner.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open_folder.h"

namespace planwright {

namespace fs = std::filesystem;

namespace {

constexpr int kDeepest = 256;  // a descriptor for each level: what lies deeper stays as it is

UniqueFd openFolder(const fs::path& folder) {
  return UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// By descriptors: whoever had the folder before may be in it still, and change where a name leads.
void giveAllIn(int folder, uid_t user, gid_t group, int depth) {
  const auto entries =
      entriesOf(UniqueFd(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  while (const dirent* entry = nextEntry(entries)) {
    const UniqueFd file(::openat(folder, entry->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) continue;
    const bool isFolder = S_ISDIR(info.st_mode);
    if (isFolder && depth < kDeepest) giveAllIn(file.get(), user, group, depth + 1);
    const bool isTheirs = info.st_uid == user && info.st_gid == group;
    if (!isTheirs && (isFolder || info.st_nlink == 1))
      ::fchownat(file.get(), "", user, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace

void giveFolder(const fs::path& folder, uid_t user, gid_t group) {
  const UniqueFd top = openFolder(folder);
  if (!top) return;
  giveAllIn(top.get(), user, group, 0);
  ::fchown(top.get(), user, group);
}

void takeFolderBack(const fs::path& folder) {
  const UniqueFd top = openFolder(folder);
  if (!top) return;
  ::fchown(top.get(), ::geteuid(), static_cast<gid_t>(-1));  // its group tells who had it
  ::fchmod(top.get(), S_IRWXU);  // its user may have opened it to others
}

uid_t lastUserOf(const fs::path& folder) {
  struct stat info {};
  return ::lstat(folder.c_str(), &info) == 0 && info.st_gid != ::getegid() ? info.st_gid : 0;
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
