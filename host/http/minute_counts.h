#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace planwright {

/// How often something came from somebody within the minute that began with the first of them.
/// [any thread]
class MinuteCounts {
 public:
  explicit MinuteCounts(const Clock& clock) : clock_(clock) {}

  struct Count {
    int times = 0;                ///< with this one
    std::chrono::seconds left{};  ///< until the count begins anew; at least 1
  };
  Count add(const std::string& who);

 private:
  struct Minute {
    SteadyTime since;
    int times = 0;
  };
  const Clock& clock_;
  Guarded<std::map<std::string, Minute>> minutes_;
};

}  // namespace planwright
