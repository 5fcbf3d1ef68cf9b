#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/guarded.h"

namespace planwright {

/// Whether a service that this host depends on (Postgres, Redis, the blob folder) is away. Whoever
/// meets an outage says so; only a probe that reached the service again ends it
/// (upkeep/service_watch.h). Connections look here before they try, so a service that hangs costs
/// one wait and not one for each call. Owned by Application. [any thread]
class ServiceState {
 public:
  explicit ServiceState(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool isAway() const { return away_.load(std::memory_order_acquire); }
  /// Why it is away; "" when it is not.
  std::string problem() const { return *problem_.lock(); }
  /// Logs the first of many equal reports.
  void lost(const std::string& why);
  /// The time it was away; 0 if it was not.
  std::chrono::milliseconds back();

 private:
  const std::string name_;
  std::atomic<bool> away_{false};
  mutable Guarded<std::string> problem_;
  std::chrono::steady_clock::time_point since_;  ///< under the lock of problem_
};

}  // namespace planwright
