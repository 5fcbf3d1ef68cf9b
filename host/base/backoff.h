#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>

namespace planwright {

/// Exponential waiting with full jitter ("decorrelated herds"; AWS Architecture Blog, 2015). One
/// thread.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(100),
                   std::chrono::milliseconds max = std::chrono::seconds(1))
      : first_(first),
        max_(max),
        ceiling_(first) {}

  std::chrono::milliseconds next() {
    const auto wait =
        std::uniform_int_distribution<long>(ceiling_.count() / 2, ceiling_.count())(random_);
    ceiling_ = std::min(ceiling_ * 2, max_);
    return std::chrono::milliseconds(wait);
  }
  void reset() { ceiling_ = first_; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds ceiling_;
  std::minstd_rand random_{std::random_device{}()};
};

/// The wait before the attempt after number `attempt` (1 = the first): first * factor^(attempt-1),
/// at most `max`, of which the share `jitter` (0..1) is random so that many failures do not come
/// back at once. [any thread]
inline std::chrono::milliseconds retryDelay(std::chrono::milliseconds first, double factor,
                                            std::chrono::milliseconds max, double jitter,
                                            int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double grown =
      static_cast<double>(first.count()) * std::pow(factor, std::max(0, attempt - 1));
  const double capped = std::min(grown, static_cast<double>(max.count()));
  const double spread = std::uniform_real_distribution<double>(1 - jitter, 1)(random);
  return std::chrono::milliseconds(static_cast<std::int64_t>(capped * spread));
}

}  // namespace planwright
