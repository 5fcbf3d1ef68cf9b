#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/clock.h"

namespace planwright {

/// Runs items that a host died with one at a time, with nothing else in their stage. So the next
/// death shows which item causes it: an item that was alone at two deaths is poison, and the other
/// items of the group are not blamed. A claimer asks this in its thread, before it claims anything
/// else.
class AloneTurns {
 public:
  class Doors {
   public:
    virtual ~Doors() = default;
    /// Whether the stage holds no item; waits up to a second for that.
    virtual bool isEmpty(const std::stop_token& stop) = 0;
    /// The next item that is to run alone, or none.
    virtual std::vector<std::int64_t> dueAlone() = 0;
    /// Claims it. False: it could not be claimed.
    virtual bool claimAlone(const std::vector<std::int64_t>& ids) = 0;
  };
  explicit AloneTurns(Doors& doors) : doors_(doors) {}

  /// Looks at most once a second while there are no such items. True: the caller must claim nothing
  /// else now.
  bool step(SteadyTime now, const std::stop_token& stop);
  /// Some item has its turn, or waits for it. [any thread]
  bool areOn() const { return areOn_.load(std::memory_order_acquire); }

 private:
  Doors& doors_;
  std::atomic<bool> areOn_{false};
  SteadyTime nextLook_{};
};

}  // namespace planwright
