#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/guarded.h"

namespace planwright {

/// How many items a stage holds claimed: as many as it has workers, and for quick items as many as
/// the workers get through in `lead`, so that a claim and a commit are shared by hundreds of items
/// while long ones are never hoarded. It goes by the time that items run, not by how fast they
/// leave: a slow database wants larger groups, not smaller ones. [any thread]
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
