#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "queue/tickets.h"
#include "workers/membership.h"
#include "workers/source_turns.h"

namespace planwright {

/// What a claimer needs of its stage. Called in the claimer's thread.
struct ClaimPort {
  /// Free room; waits up to a second for some.
  std::function<std::size_t(const std::stop_token&)> room;
  /// Free room now: results of the stage before may have taken some since.
  std::function<std::size_t()> roomNow;
  /// The queue is empty and the claimer waits for its next ticket, or no longer so.
  std::function<void(bool)> isDry;
  /// Ids that are due in Postgres, sources in turns.
  std::function<std::vector<std::int64_t>(std::size_t limit)> due;
  /// What to claim for these tickets; an empty function: just these.
  std::function<SourceTurns::Turn(std::vector<std::int64_t> tickets)> turns;
  /// Claims those of the ids that are still claimable and hands them to the workers; how many.
  std::function<std::size_t(const std::vector<std::int64_t>& ids)> claim;
  /// Whether anything may be claimed: the stage is not paused or held.
  std::function<bool()> isOpen;
  /// Without Redis: returns once something was committed, or so much later.
  std::function<void(std::chrono::milliseconds, const std::stop_token&)> waitForCommit;
};

/// Fills the free room of one stage: tickets are the fast path; when none comes for a second, or
/// Redis is away, it looks into Postgres itself, so a lost ticket costs a second and never an item.
/// One thread.
class Claimer {
 public:
  Claimer(std::string list, std::unique_ptr<Tickets> tickets, const Membership& membership,
          ClaimPort port);

  /// One round: at most about a second. Throws Unavailable when Postgres is away.
  void step(const std::stop_token& stop);
  /// step() until a stop is asked for; waits after a failure.
  void run(const std::stop_token& stop);

 private:
  std::vector<std::int64_t> takeTurns(std::vector<std::int64_t> tickets);
  void giveBack(const std::vector<std::int64_t>& ids);
  std::vector<std::int64_t> takeTickets(std::size_t room, const std::stop_token& stop);

  const std::string list_;
  const std::unique_ptr<Tickets> tickets_;
  const Membership& membership_;
  const ClaimPort port_;
  bool redisIsAway_ = false;
  bool isClosed_ = false;
  int emptyWaits_ = 0;
};

}  // namespace planwright
