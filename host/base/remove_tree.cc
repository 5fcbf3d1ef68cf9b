#include "base/remove_tree.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open_folder.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

std::error_code lastError() {
  return {errno, std::generic_category()};
}

/// A folder and no link, whatever its mode was.
UniqueFd openUnlocked(int parent, const char* name) {
  const UniqueFd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place) return {};
  const std::string self = "/proc/self/fd/" + std::to_string(place.get());
  ::chmod(self.c_str(), S_IRWXU);
  return UniqueFd(::open(self.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// Unlinks all that is no folder; gives the folders.
std::vector<std::string> unlinkFiles(int folder) {
  std::vector<std::string> folders;
  const auto entries =
      entriesOf(UniqueFd(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  while (const dirent* entry = nextEntry(entries))
    if (::unlinkat(folder, entry->d_name, 0) != 0 && errno != ENOENT)
      folders.emplace_back(entry->d_name);
  return folders;
}

/// Empties `top` without going down: what is in its folders is moved up into it, until nothing is
/// left.
std::error_code flatten(int top) {
  std::uint64_t moved = 0;
  constexpr int kTries = 1000;  // names that are taken
  for (auto folders = unlinkFiles(top); !folders.empty(); folders = unlinkFiles(top)) {
    bool isLess = false;
    for (const std::string& name : folders) {
      const UniqueFd folder = openUnlocked(top, name.c_str());
      if (!folder) continue;
      for (const std::string& inner : unlinkFiles(folder.get())) {
        openUnlocked(folder.get(), inner.c_str());  // to be moved it learns of another parent
        for (int i = 0; i < kTries; ++i) {
          const std::string up = ".moved-" + std::to_string(++moved);
          if (::renameat(folder.get(), inner.c_str(), top, up.c_str()) == 0) break;
          if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return lastError();
        }
      }
      isLess = ::unlinkat(top, name.c_str(), AT_REMOVEDIR) == 0 || isLess;
    }
    if (!isLess) return lastError();
  }
  return {};
}

}  // namespace

std::error_code removeTree(const fs::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  std::error_code error = emptyFolder(path);
  if (!error && ::rmdir(path.c_str()) != 0) error = lastError();
  return error;
}

std::error_code emptyFolder(const fs::path& folder) {
  const UniqueFd open = openUnlocked(AT_FDCWD, folder.c_str());
  return open ? flatten(open.get()) : lastError();
}

}  // namespace planwright
