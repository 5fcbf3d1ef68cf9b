#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>

#include "base/guarded.h"

namespace planwright {

/// Says "something was committed" to the threads of this host: the event feed, and claimers when
/// Redis is away. Other hosts hear it through NOTIFY (control/event_feed.h forwards both ways, at
/// most every 20 ms, outside the transactions: NOTIFY takes a global lock at commit). [any thread]
class Bell {
 public:
  void ring() {
    ++*count_.lock();
    count_.notifyAll();
  }
  /// Returns the count once it differs from `seen`, the time is over, or a stop is asked for.
  std::uint64_t wait(std::uint64_t seen, std::chrono::milliseconds time,
                     const std::stop_token& stop) {
    return *count_.waitFor(time, stop, [&](std::uint64_t count) { return count != seen; });
  }

 private:
  Guarded<std::uint64_t> count_;
};

}  // namespace planwright
