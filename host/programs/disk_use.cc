#include "programs/disk_use.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/open_folder.h"
#include "programs/disk_files.h"

namespace planwright {
namespace {

constexpr std::uint64_t kLeastBytes = 4096;
constexpr std::size_t kOpenLevels = 128;  // deeper ones are opened again, by ".."

/// One folder on the way down, and its folders that are still to be read.
struct Level {
  UniqueFd fd;  ///< none: it was too deep to stay open
  FileId id;
  std::vector<std::string> waiting;
};

/// As a user who is not root, a folder that its owner made unreadable is opened none the less: the
/// owner is the host's user, too.
UniqueFd openFolder(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(parent, name, kFlags));
  if (fd || errno != EACCES) return fd;
  struct stat info {};
  const UniqueFd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place || ::fstat(place.get(), &info) != 0) return {};
  const std::string path = "/proc/self/fd/" + std::to_string(place.get());
  if (::chmod(path.c_str(), info.st_mode | S_IRUSR | S_IXUSR) != 0) return {};
  fd.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::chmod(path.c_str(), info.st_mode);
  return fd;
}

class Walk {
 public:
  /// False: it cannot be finished.
  bool add(const std::string& folder) {
    if (!enter(openFolder(AT_FDCWD, folder.c_str()))) return true;  // it is gone
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.waiting.empty()) {
        if (!leave()) return false;
        continue;
      }
      const std::string name = std::move(level.waiting.back());
      level.waiting.pop_back();
      enter(openFolder(level.fd.get(), name.c_str()));
      if (levels_.size() > kOpenLevels + 1) levels_[levels_.size() - 2].fd.reset();
    }
    return true;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  bool enter(UniqueFd fd) {
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return false;
    // A copy, since by a name it may not be opened again.
    const auto folder = entriesOf(UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)));
    if (!folder) return false;
    Level level{std::move(fd), idOf(info), {}};
    while (const dirent* entry = nextEntry(folder)) {
      struct stat found {};
      if (::fstatat(level.fd.get(), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
      count(found);
      if (S_ISDIR(found.st_mode)) level.waiting.emplace_back(entry->d_name);
    }
    levels_.push_back(std::move(level));
    return true;
  }

  /// Back to the folder above. False: the one that was left is not in it any more.
  bool leave() {
    const UniqueFd left = std::move(levels_.back().fd);
    levels_.pop_back();
    if (levels_.empty() || levels_.back().fd) return true;
    Level& above = levels_.back();
    struct stat info {};
    above.fd.reset(::openat(left.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return above.fd && ::fstat(above.fd.get(), &info) == 0 && idOf(info) == above.id;
  }

  void count(const struct stat& file) {
    if (!S_ISDIR(file.st_mode) && file.st_nlink > 1 && !seen_.insert(idOf(file)).second) return;
    bytes_ += std::max(bytesOnDisk(file), kLeastBytes);
  }

  std::uint64_t bytes_ = 0;
  std::vector<Level> levels_;
  std::set<FileId> seen_;  ///< of those with several names
};

}  // namespace

std::optional<std::uint64_t> diskUse(const std::vector<std::string>& folders) {
  Walk walk;
  for (const auto& folder : folders)
    if (!walk.add(folder)) return std::nullopt;
  return walk.bytes();
}

}  // namespace planwright
