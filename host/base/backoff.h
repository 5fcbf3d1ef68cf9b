#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace planwright {

/// Exponential waiting with full jitter ("decorrelated herds"; AWS Architecture Blog, 2015). One
/// thread.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(100),
                   std::chrono::milliseconds max = std::chrono::seconds(10))
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

}  // namespace planwright
