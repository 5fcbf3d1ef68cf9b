#pragma once

#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/service_state.h"

namespace planwright {

/// Whether Redis can be used. It may answer and yet refuse what the host needs, such as a write;
/// then `refused` is that command, which whoever looks whether it is over says again: a ticket that
/// is pushed twice, or lost, is harmless. Owned by Application. [any thread]
struct RedisState {
  ServiceState service{"redis"};
  Guarded<std::vector<std::string>> refused;
};

}  // namespace planwright
