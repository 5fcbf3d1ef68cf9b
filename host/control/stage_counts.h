#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/database.h"

namespace planwright {

/// What is in one stage of a queue.
struct StageCount {
  std::int64_t depth = 0;    ///< may be taken now
  std::int64_t delayed = 0;  ///< is in the queue for later
  std::int64_t running = 0, ratePerMinute = 0, dead = 0;
  std::optional<double> oldestSeconds;  ///< of what may be taken, at the time of the count
  std::map<std::string, std::int64_t> byStatus;
};

struct QueueCounts {
  StageCount plan, build;
  std::int64_t jobsRunning = 0;
};

struct HostCounts {
  std::int64_t planning = 0, building = 0;
};

/// One count of everything.
struct ItemCounts {
  std::map<std::string, QueueCounts> queues;
  std::map<std::int64_t, HostCounts> hosts;  ///< by instance
  SteadyTime at{};
};

/// How many items are in which state, by queue and by host. With a million rows it takes a second
/// to know, so a thread of its own counts (pw-counts) when somebody asks, and a twentieth of the
/// time at most; who asks waits a moment for the new numbers and else gets those of before.
/// [any thread]
class StageCounts {
 public:
  StageCounts(Database& database, const Clock& clock);

  /// Never null. Throws Unavailable when there is none yet: Postgres is away, or it takes very
  /// long.
  std::shared_ptr<const ItemCounts> get();
  /// A person has just changed something, so the next answer must be counted again.
  void forget();

 private:
  struct State {
    std::shared_ptr<const ItemCounts> counts;  ///< null: never counted
    std::string problem;                       ///< why the last count failed
    std::int64_t asked = 0, answered = 0;      ///< requests; up to which one they are answered
    std::int64_t changes = 0;                  ///< by people
    SteadyTime until{};                        ///< when they may be counted again
  };
  void run(const std::stop_token& stop);
  void count();
  ItemCounts read();

  const Clock& clock_;
  std::unique_ptr<Connection> connection_;
  Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace planwright
