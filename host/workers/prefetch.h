#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/guarded.h"

namespace planwright {

/// How many claimed items a stage holds: as many as it has workers, or, for quick items, as many as
/// the workers finish within `lead`. So hundreds of quick items share a claim and a commit, and
/// long ones are not kept from other hosts. It uses the time that items run and not the rate at
/// which they are finished, because a slow database needs larger groups and not smaller ones. [any
/// thread]
class Prefetch {
 public:
  static constexpr std::size_t kMost = 1000;

  explicit Prefetch(std::chrono::microseconds lead) : lead_(lead) {}

  void finished(std::chrono::microseconds ran) {
    auto mean = mean_.lock();
    const auto now = static_cast<double>(ran.count());
    *mean = *mean < 0 ? now : *mean + (now - *mean) * kWeight;
  }
  /// Items run for less than that, as far as is known.
  bool isQuick(std::chrono::microseconds limit) {
    const double mean = *mean_.lock();
    return mean >= 0 && mean < static_cast<double>(limit.count());
  }
  /// Items to hold in all, waiting and running.
  std::size_t target(std::size_t workers) {
    const double mean = *mean_.lock();
    if (mean < 0) return workers;  // nothing is known yet
    const double each = static_cast<double>(lead_.count()) / std::max(mean, 1.0);
    return std::max(workers, static_cast<std::size_t>(
                                 std::min(each * static_cast<double>(workers), double{kMost})));
  }

 private:
  static constexpr double kWeight = 0.2;

  const std::chrono::microseconds lead_;
  Guarded<double> mean_{-1.0};  ///< run time of the last items in microseconds
};

}  // namespace planwright
