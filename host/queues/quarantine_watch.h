#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "stages/quarantine.h"
#include "store/database.h"

namespace planwright {

/// Keeps what this host knows of quarantined plugins and the table `quarantines` the same, and lets
/// the queues go on that waited for one of them. Used by one thread.
class QuarantineWatch {
 public:
  QuarantineWatch(Quarantine& quarantine, Metrics& metrics)
      : quarantine_(quarantine),
        metrics_(metrics) {}

  /// Once a second; other calls do nothing.
  void look(Connection& connection);

 private:
  Quarantine& quarantine_;
  Metrics& metrics_;
  SteadyTime nextLook_{};
};

}  // namespace planwright
