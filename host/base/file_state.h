#pragma once

#include <cstdint>

namespace planwright {

/// What the file system says of a file; it differs as soon as somebody has written the file. (Two
/// writes within one tick of its clock, a few milliseconds, look alike.)
struct FileState {
  std::uint64_t device = 0, inode = 0;
  std::int64_t sizeBytes = 0;
  std::int64_t modifiedNs = 0, changedNs = 0;  ///< since the epoch
  friend bool operator==(const FileState&, const FileState&) = default;
};

/// Of an open file. Throws std::system_error.
FileState stateOf(int fd);

}  // namespace planwright
