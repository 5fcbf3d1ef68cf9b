#include "base/clock.h"

#include <ctime>

#include <fmt/format.h>

namespace planwright {

std::chrono::nanoseconds sinceBoot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string toRfc3339(WallTime time) {
  return toRfc3339(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()));
}

std::string toRfc3339(std::chrono::milliseconds sinceEpoch) {
  const auto millis = sinceEpoch.count();
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     millis % 1000);
}

}  // namespace planwright
