#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "tickets/tickets.h"
#include "workers/membership.h"
#include "workers/source_turns.h"

namespace planwright {

/// What a claimer needs of its stage. Called in the claimer's thread.
class ClaimPort {
 public:
  virtual ~ClaimPort() = default;
  /// How many items fit in; waits up to a second until one does.
  virtual std::size_t room(const std::stop_token& stop) = 0;
  /// How many items fit in now. The stage before may have taken some of the room meanwhile.
  virtual std::size_t roomNow() = 0;
  /// Tells the stage that the queue is empty and the claimer waits for a ticket, or that this is
  /// over.
  virtual void setDry(bool isDry) = 0;
  /// Ids that are due in Postgres, sources in turns.
  virtual std::vector<std::int64_t> due(std::size_t limit) = 0;
  /// What to claim for these tickets.
  virtual SourceTurns::Turn turns(std::vector<std::int64_t> tickets) = 0;
  /// Claims those of the ids that are still claimable and hands them to the workers; how many.
  virtual std::size_t claim(const std::vector<std::int64_t>& ids) = 0;
  /// Whether anything may be claimed: the stage is not paused or held.
  virtual bool isOpen() = 0;
  /// Without Redis: returns once something was committed, or so much later.
  virtual void waitForCommit(std::chrono::milliseconds time, const std::stop_token& stop) = 0;
};

/// Claims items until one stage is full. Normally it waits for tickets. When none comes for a
/// second, or Redis is away, it asks Postgres itself, so a lost ticket costs a second and never an
/// item. One thread.
class Claimer {
 public:
  Claimer(std::string list, std::unique_ptr<Tickets> tickets, const Membership& membership,
          ClaimPort& port);

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
  ClaimPort& port_;
  bool redisIsAway_ = false;
  bool isClosed_ = false;
  int emptyWaits_ = 0;
};

}  // namespace planwright
