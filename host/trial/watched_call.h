#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "stages/stage_call.h"

namespace planwright {

/// A call with a deadline that is kept: a thread of its own stops it. Lives as long as the call.
class WatchedCall {
 public:
  /// `deadline` 0 = none.
  WatchedCall(CallServices& services, std::chrono::milliseconds deadline)
      : call_(services, {deadline, {}}) {
    if (deadline.count() == 0) return;
    const auto end = std::chrono::steady_clock::now() + deadline;
    watch_ = std::jthread([this, end](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (!over_.wait_until(lock, stop, end, [] { return false; }) && !stop.stop_requested())
        call_.stop(StopReason::Deadline);
    });
  }

  StageCall& call() { return call_; }
  /// Why the call failed, when it `said` so: its deadline comes first.
  Failure verdict(const Failure& said) const { return call_.overLimit(said).value_or(said); }

 private:
  StageCall call_;
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::jthread watch_;
};

}  // namespace planwright
