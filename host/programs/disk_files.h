#pragma once

#include <cstdint>
#include <utility>

#include <sys/stat.h>

namespace planwright {

/// The same for all names of a file.
using FileId = std::pair<dev_t, ino_t>;

inline FileId idOf(const struct stat& file) {
  return {file.st_dev, file.st_ino};
}

inline std::uint64_t bytesOnDisk(const struct stat& file) {
  constexpr std::uint64_t kBlockBytes = 512;  // stat(2)
  return static_cast<std::uint64_t>(file.st_blocks) * kBlockBytes;
}

}  // namespace planwright
