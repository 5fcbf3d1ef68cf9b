#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/clock.h"

namespace planwright {

/// Gives items that a host died with a turn each, with nothing beside them in their stage, so that
/// the next death says whose it was: two deaths alone make an item poison, and the others of its
/// group are not blamed for it. Asked by a claimer before it claims anything else, in its thread.
class AloneTurns {
 public:
  struct Doors {
    /// The stage holds nothing; waits up to a second for that.
    std::function<bool(const std::stop_token&)> isEmpty;
    /// The next item that is to run alone, or none.
    std::function<std::vector<std::int64_t>()> due;
    /// Claims it. False: it was not to be had.
    std::function<bool(const std::vector<std::int64_t>&)> claim;
  };
  explicit AloneTurns(Doors doors) : doors_(std::move(doors)) {}

  /// One look at most each second while there are none. True: claim nothing else now.
  bool step(SteadyTime now, const std::stop_token& stop);
  /// Some item has its turn, or waits for it. [any thread]
  bool areOn() const { return areOn_.load(std::memory_order_acquire); }

 private:
  const Doors doors_;
  std::atomic<bool> areOn_{false};
  SteadyTime nextLook_{};
};

}  // namespace planwright
