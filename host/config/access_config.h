#pragma once

#include <string>
#include <vector>

#include "config/stage_config.h"
#include "model/caller.h"

namespace planwright {

/// A token that the configuration names; its text stands in a file or a variable.
struct AccessToken {
  Caller caller;
  SecretSource source;
  friend bool operator==(const AccessToken&, const AccessToken&) = default;
};

/// Who may use the API (`access:`).
struct AccessConfig {
  bool isOpen = false;  ///< `mode: none`: whoever reaches the address is an administrator
  std::vector<AccessToken> tokens;
  int requestsPerMinute = 0;  ///< of each caller; 0: as many as it likes
  friend bool operator==(const AccessConfig&, const AccessConfig&) = default;
};

}  // namespace planwright
