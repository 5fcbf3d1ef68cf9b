#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "base/guarded.h"

namespace planwright {

/// How many items a stage holds claimed: as many as it has workers, and for quick items as many as
/// it finished in the last moments, so that a claim and a commit are shared by hundreds of items
/// while long ones are never hoarded. [any thread]
class Prefetch {
 public:
  static constexpr std::size_t kMost = 1000;

  /// `lead`: how much work in time is worth having ready; a few round trips to Postgres.
  Prefetch(const Clock& clock, std::chrono::milliseconds lead) : clock_(clock), lead_(lead) {}

  void finished(std::size_t items) {
    auto rate = rate_.lock();
    roll(*rate);
    rate->count += items;
  }
  /// Items to hold in all, waiting and running.
  std::size_t target(std::size_t workers) {
    auto rate = rate_.lock();
    roll(*rate);
    return std::max(workers, std::min(rate->last, kMost));
  }

 private:
  struct Rate {
    SteadyTime since{};
    std::size_t count = 0;
    std::size_t last = 0;
  };

  void roll(Rate& rate) const {
    const auto now = clock_.steady();
    if (now - rate.since < lead_) return;
    rate.last = now - rate.since < 2 * lead_ ? rate.count : 0;
    rate.since = now;
    rate.count = 0;
  }

  const Clock& clock_;
  const std::chrono::milliseconds lead_;
  Guarded<Rate> rate_;
};

}  // namespace planwright
