#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "tickets/redis_tickets.h"
#include "upkeep/bulk_runner.h"
#include "upkeep/stall_watch.h"
#include "workers/membership.h"

namespace planwright {

/// Puts right what a crash, a lost ticket or a flushed Redis left behind. One instance at a time
/// does it (advisory lock); every repair is counted by kind. Thread pw-reconcile.
class Reconciler {
 public:
  struct Parts {
    const Live<Config>& config;
    Database& database;
    std::unique_ptr<RedisTickets> tickets;
    std::chrono::milliseconds lease;
    const Membership& membership;
    Metrics& metrics;
    Bell& bell;
    const Clock& clock;
  };
  explicit Reconciler(Parts parts);

  static constexpr std::chrono::seconds kInterval{2};  ///< between two rounds

  /// One round. Throws Unavailable when Postgres is away; without Redis only the tickets wait.
  void step();
  void start();
  /// Repairs since the start, by kind.
  std::map<std::string, std::int64_t> repairs() { return *repairs_.lock(); }

 private:
  void releaseOrphans();
  bool areTicketsGone();
  bool waitForRound(const std::stop_token& stop);
  bool pushMissing(const std::string& list, const std::string& queue, const std::string& stage);
  std::size_t pushAllBut(const std::vector<std::int64_t>& known, const std::string& list,
                         const std::string& queue, const std::string& stage);
  void note(const std::string& kind, std::size_t count);

  const Parts parts_;
  StallWatch stalls_;
  std::unique_ptr<Connection> connection_;
  BulkRunner bulk_;
  Guarded<std::map<std::string, std::int64_t>> repairs_;
  SteadyTime sawPostgres_{};
  std::string lastEnded_;  ///< when the last instance ended, as we saw it
  int round_ = 0;
  bool isHolder_ = false;        ///< this session has the lock
  bool areTicketsGone_ = false;  ///< Redis came back empty: every ticket is missing
  std::map<std::string, SteadyTime> countAgain_;  ///< by list: a long queue is not counted often
  std::jthread thread_;
};

}  // namespace planwright
