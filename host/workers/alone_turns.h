#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/clock.h"

namespace planwright {

/// Gives items that a host died with a turn each, with nothing beside them in their stage, so that
/// the next death says whose it was: two deaths alone make an item poison, and the others of its
/// group are not blamed for it. Asked by a claimer before it claims anything else, in its thread.
class AloneTurns {
 public:
  class Doors {
   public:
    virtual ~Doors() = default;
    /// The stage holds nothing; waits up to a second for that.
    virtual bool isEmpty(const std::stop_token& stop) = 0;
    /// The next item that is to run alone, or none.
    virtual std::vector<std::int64_t> dueAlone() = 0;
    /// Claims it. False: it was not to be had.
    virtual bool claimAlone(const std::vector<std::int64_t>& ids) = 0;
  };
  explicit AloneTurns(Doors& doors) : doors_(doors) {}

  /// One look at most each second while there are none. True: claim nothing else now.
  bool step(SteadyTime now, const std::stop_token& stop);
  /// Some item has its turn, or waits for it. [any thread]
  bool areOn() const { return areOn_.load(std::memory_order_acquire); }

 private:
  Doors& doors_;
  std::atomic<bool> areOn_{false};
  SteadyTime nextLook_{};
};

}  // namespace planwright
