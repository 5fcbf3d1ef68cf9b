#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/session.h"
#include "cli/terminal.h"

namespace planwright::cli {

/// One job as the display needs it.
struct JobLine {
  std::int64_t id = 0;
  std::string name;
  std::string status;
  std::string reason;
  std::string progress = {};  ///< how far its builder says it is, "2 of 4: unpacks", or empty
  friend bool operator==(const JobLine&, const JobLine&) = default;
};

/// What is watched, at one moment.
struct WatchedItem {
  std::string what;    ///< "plan 12"
  std::string status;  ///< with what it waits for, "pending (queued)"
  std::vector<JobLine> jobs;
  std::string progress = {};  ///< how far its planner says it is, or empty
};

/// Shows work as it goes on stderr. On a terminal: a block that is painted again, one line per
/// running job and a bar over all. Elsewhere: one line per change, and a line every 30 s so that a
/// log shows that it lives. One thread.
class Progress {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit Progress(Terminal& terminal) : terminal_(terminal) {}

  void update(const WatchedItem& item, Time now);
  /// Leaves the last picture and goes to a fresh line.
  void end();

 private:
  void paint(const WatchedItem& item, Time now);
  void printChanges(const WatchedItem& item, Time now);
  void printAlive(const WatchedItem& item);

  Terminal& terminal_;
  std::map<std::int64_t, Time> runningSince_;
  std::map<std::int64_t, std::string> statuses_;
  std::string status_;
  Time lastLine_{};
  int paintedLines_ = 0;
};

/// What an item's JSON says in `progress`: "2 of 4: unpacks", "2", "unpacks" or nothing.
std::string progressText(const JsonValue& item);

/// "3 of 12 jobs done, 1 failed, 2 running"
std::string summaryOf(const std::vector<JobLine>& jobs);

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
  std::string indexPath;    ///< of a plan that left wheels: its package index, or empty
};

/// Watch until the item is at its end, with progress on stderr. Timed out or interrupted:
/// CommandFailure. Nothing is ever cancelled by not watching any longer.
WatchEnd watchInput(Session& session, std::int64_t id, const WatchOptions& options);
WatchEnd watchPlan(Session& session, std::int64_t id, const WatchOptions& options);
WatchEnd watchBuild(Session& session, std::int64_t id, const WatchOptions& options);

/// How to install the wheels of what ended, on stderr, if it left any.
void printInstallHint(Session& session, const WatchEnd& end);

}  // namespace planwright::cli
