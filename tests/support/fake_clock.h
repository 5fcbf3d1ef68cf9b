#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace planwright {

/// A clock that only moves when the test says so. Thread-safe.
class FakeClock final : public Clock {
 public:
  WallTime now() const override { return WallTime(std::chrono::hours(24 * 365 * 56)) + passed(); }
  SteadyTime steady() const override { return SteadyTime(std::chrono::hours(1)) + passed(); }
  void advance(std::chrono::nanoseconds time) { passedNs_ += time.count(); }

 private:
  std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds(passedNs_.load()); }
  std::atomic<std::int64_t> passedNs_{0};
};

}  // namespace planwright
