#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace planwright {

/// What a program inside bubblewrap sees and may do.
struct BubblewrapView {
  std::vector<std::string> readable;
  std::vector<std::string> writable;  ///< the last one is also its /tmp
  std::string cwd;
  bool network = false;
  bool hasFilter = false;                ///< a seccomp filter is descriptor 3
  std::uint64_t sharedBytes = 64 << 20;  ///< of /dev/shm
};

/// The words before a program's own that run it in namespaces of its own: no other process, no
/// other file, no network, no way to more rights, and nothing of it lives on when bwrap is killed.
/// `bwrap` is the program's path.
std::vector<std::string> bubblewrapWords(const std::string& bwrap, const BubblewrapView& view);

}  // namespace planwright
