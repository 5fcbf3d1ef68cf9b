#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/interrupts.h"
#include "cli/session.h"

namespace planwright::cli {

struct WatchOptions {
  std::optional<std::chrono::milliseconds> timeout;    ///< for all of it
  std::optional<std::chrono::milliseconds> waitStart;  ///< until the work begins
  std::chrono::milliseconds interval{400};             ///< between looks
  bool failFast = false;                               ///< end at the first failed job
  bool stopAtGate = false;  ///< end where somebody must press a button (manual mode)
};

/// How a watched item ended.
struct WatchEnd {
  bool succeeded = false;
  bool atGate = false;      ///< it waits for somebody to enqueue it
  std::string status;       ///< "planned", "built", "failed", …
  std::string message;      ///< why, or empty
  std::int64_t planId = 0;  ///< of an input: its newest plan, or 0
};

/// Watch until the item is at its end, with progress on stderr. Timed out or interrupted:
/// CommandFailure. Nothing is ever cancelled by not watching any longer.
WatchEnd watchInput(Session& session, std::int64_t id, const WatchOptions& options);
WatchEnd watchPlan(Session& session, std::int64_t id, const WatchOptions& options);
WatchEnd watchBuild(Session& session, std::int64_t id, const WatchOptions& options);

}  // namespace planwright::cli
