#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "programs/network_routes.h"

namespace planwright {

/// The program that carries packets out of a network namespace: slirp4netns for root, pasta for
/// other users. Both need /dev/net/tun.
struct NetworkTool {
  /// Where the resolver is in the network that words() is told.
  static constexpr std::uint32_t kResolver = 3;

  std::string program;  ///< its path
  std::string problem;  ///< why there is none; empty = there is
  std::string package;  ///< that would help; empty = none would

  static NetworkTool find();

  /// Its command line, for the namespace of that process. No port of this machine is open to what
  /// is inside, and none inside to this machine.
  std::vector<std::string> words(pid_t target, const Prefix& network) const;
};

}  // namespace planwright
