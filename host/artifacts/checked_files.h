#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

#include "base/digest.h"
#include "base/file_state.h"
#include "base/guarded.h"

namespace planwright {

/// Hashes the files of blobs, each once for every state that it is seen in. What was found right is
/// remembered in memory only: a disk that loses bits while the host is down is noticed. [any
/// thread]
class CheckedFiles {
 public:
  /// File systems stamp with the clock of the last tick: a write so soon after another may leave
  /// the same times. So a file that was written less than this ago is not remembered.
  static constexpr std::chrono::milliseconds kTick{20};

  /// Whether the bytes of the open file have this digest. Reads all of it unless that is known;
  /// leaves its offset alone. A file that cannot be read (the disk says so) has not.
  bool hasDigest(int fd, const Digest& digest);
  /// The bytes are as they were found when the file was in state `before`; only its times changed.
  void touched(int fd, const Digest& digest, const FileState& before);
  /// Whether hasDigest() would have to read the file.
  bool isKnown(int fd, const Digest& digest);

 private:
  using States = std::unordered_map<std::string, FileState>;
  void remember(const Digest& digest, const FileState& state);

  Guarded<States> states_;
};

}  // namespace planwright
