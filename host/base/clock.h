#pragma once

#include <chrono>
#include <string>

namespace planwright {

using WallTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Time as a parameter, so that tests tell a story instead of sleeping. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
  virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override { return std::chrono::system_clock::now(); }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

/// CLOCK_BOOTTIME, which runs also while the machine sleeps: whoever has slept has been silent.
std::chrono::nanoseconds sinceBoot();

/// RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.123Z
std::string toRfc3339(WallTime time);
std::string toRfc3339(std::chrono::milliseconds sinceEpoch);

}  // namespace planwright
