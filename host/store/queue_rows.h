#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.h"

namespace planwright {

/// The stored settings of a queue.
struct QueueRow {
  std::string name;
  bool autoPlan = true;
  bool autoBuild = false;
  std::string watchDir;
  int planWorkers = 2;
  int buildWorkers = 2;
  int jobSlots = 2;
  int poisonAfter = 2;     ///< hosts that died with one item alone before it is given up
  std::int64_t nudge = 0;  ///< grows when its sources are to be asked at once
  friend bool operator==(const QueueRow&, const QueueRow&) = default;
};

/// The table `queues`, on the caller's connection.
class QueueRows {
 public:
  explicit QueueRows(Connection& connection) : connection_(connection) {}

  /// Start values from the configuration; keys that were changed since keep theirs. Lifts what held
  /// the queue. Says so by an event if that moves the folder of other hosts than `instance`.
  void configure(const QueueRow& start, std::int64_t instance = 0);
  /// `quarantined`: the digest of the plugin that is the reason, or "": then only a change of the
  /// settings or a release lifts it.
  void holdPlanning(const std::string& queue, const std::string& reason,
                    const std::string& quarantined);
  void holdBuilding(const std::string& queue, const std::string& reason,
                    const std::string& quarantined);
  /// Lifts what held it, and nothing else.
  void release(const std::string& queue);
  /// The configuration of `instance` does not name this queue any more. If no other host runs it,
  /// the queue is held, so that its items show why they wait.
  void leave(const std::string& queue, std::int64_t instance);
  std::vector<QueueRow> all();

 private:
  Connection& connection_;
};

}  // namespace planwright
