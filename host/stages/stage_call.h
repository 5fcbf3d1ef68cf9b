#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/failure.h"
#include "base/guarded.h"
#include "stages/call_services.h"

namespace planwright {

/// Why a running call should stop; the numbers are the ABI's PW_RUN, PW_STOP_*.
enum class StopReason : int {
  None = 0,
  User = 1,
  Deadline = 2,
  Drain = 3,
  LeaseLost = 4,
  Silence = 5
};

/// How long a call may take, and how long it may give no sign of life (0 = for ever).
struct CallLimits {
  std::chrono::milliseconds deadline{0};
  std::chrono::milliseconds silence{0};
  std::chrono::milliseconds elapsed{0};  ///< of the deadline, before the call
};

/// One call in flight: its services, its stop flag, and when it last gave a sign of life. Owned by
/// the caller of StageInstance::call. [any thread, while the call runs]
class StageCall {
 public:
  explicit StageCall(CallServices& services, CallLimits limits = {});

  CallServices& services() { return services_; }
  StopReason reason() const {
    return static_cast<StopReason>(reason_.load(std::memory_order_relaxed));
  }
  /// The reason as the plugin sees it: the ABI has no number for silence.
  int reasonForPlugin() const {
    return static_cast<int>(reason() == StopReason::Silence ? StopReason::Deadline : reason());
  }
  const std::stop_token& token() const { return token_; }

  /// The first reason stays. Programs run by the call are ended; the plugin's interrupt() is
  /// called.
  void stop(StopReason reason) {
    int none = 0;
    if (!reason_.compare_exchange_strong(none, static_cast<int>(reason))) return;
    source_.request_stop();
  }

  /// A sign of life: the plugin logs, reports progress, runs a program, hands something over.
  void live() { lastSign_ = std::chrono::steady_clock::now(); }
  /// The files that a program of the call writes. While this object lives, their growth counts as a
  /// sign of life, too.
  class Output {
   public:
    Output(StageCall& call, int first, int second);
    ~Output();
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

   private:
    StageCall& call_;
    const int first_, second_;
  };

  /// stop() once it ran too long or was silent for too long.
  void checkLimits(SteadyTime now);
  /// Why a call that checkLimits() stopped has failed, whatever the plugin said about it; nothing
  /// if it was not stopped so.
  std::optional<Failure> overLimit(const Failure& said) const;

 private:
  struct WrittenFile {
    int fd;
    off_t size;
  };

  CallServices& services_;
  const CallLimits limits_;
  const SteadyTime begin_;
  std::atomic<SteadyTime> lastSign_;
  std::atomic<int> reason_{0};
  Guarded<std::vector<WrittenFile>> outputs_;
  std::uint64_t outputBytes_ = 0;  ///< at the last look; guarded by outputs_
  std::stop_source source_;
  std::stop_token token_ = source_.get_token();
};

}  // namespace planwright
