#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "base/guarded.h"
#include "stages/stage.h"

namespace planwright {

/// Why a running call should stop; the numbers are the ABI's PW_RUN, PW_STOP_*.
enum class StopReason : int { None = 0, User = 1, Deadline = 2, Drain = 3, LeaseLost = 4 };

/// One call in flight: its services and its stop flag. Owned by the caller of Planner::plan or Builder::build;
/// `stop` may be called from any thread while the call runs.
class StageCall {
 public:
  explicit StageCall(CallServices& services) : services_(services) {}

  CallServices& services() { return services_; }
  StopReason reason() const { return static_cast<StopReason>(reason_.load(std::memory_order_relaxed)); }
  const std::stop_token& token() const { return token_; }

  /// The first reason stays. Programs run by the call are ended; the plugin's interrupt() is called.
  void stop(StopReason reason) {
    int none = 0;
    if (!reason_.compare_exchange_strong(none, static_cast<int>(reason))) return;
    source_.request_stop();
  }

 private:
  CallServices& services_;
  std::atomic<int> reason_{0};
  std::stop_source source_;
  std::stop_token token_ = source_.get_token();
};

}  // namespace planwright
