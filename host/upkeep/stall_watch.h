#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/live.h"
#include "base/metrics.h"
#include "config/config.h"
#include "store/bell.h"
#include "store/database.h"

namespace planwright {

/// Watches the scheduler itself: work that could be taken, with room for it somewhere, and that
/// nobody takes for a while, is reported by the gauge planwright_stalled and an event. It looks at
/// the oldest item of each stage, which is the next one to go. Used by the reconciler, so on one
/// host at a time and in its thread.
class StallWatch {
 public:
  StallWatch(const Live<Config>& config, const Clock& clock, Metrics& metrics, Bell& bell)
      : config_(config),
        clock_(clock),
        metrics_(metrics),
        bell_(bell) {}

  /// One look at every queue. Throws Unavailable when Postgres is away.
  void step(Connection& connection);

 private:
  struct Head {
    std::int64_t id = 0;  ///< of the oldest item that could be taken; 0 = there is none
    SteadyTime since{};
    bool isReported = false;
  };
  struct Queue {
    std::string name;
    /// A planner that runs longer than this is stuck and no reason to wait.
    std::chrono::milliseconds planningTakes;
    std::chrono::milliseconds after;  ///< it is a stall
  };
  void look(Connection& connection, const Queue& queue, const std::string& stage);
  void report(Connection& connection, const Queue& queue, const std::string& stage, Head& head,
              bool isAlone);

  const Live<Config>& config_;
  const Clock& clock_;
  Metrics& metrics_;
  Bell& bell_;
  std::map<std::string, Head> heads_;  ///< by list
};

}  // namespace planwright
