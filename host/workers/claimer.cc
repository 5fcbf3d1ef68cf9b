#include "workers/claimer.h"

#include "base/backoff.h"
#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kTicketWait{200};  // a stop is noticed as soon
constexpr int kWaitsBeforeSweep = 5;
constexpr std::chrono::milliseconds kPollWithoutRedis{250};
constexpr std::chrono::milliseconds kLookWhilePaused{1000};
constexpr std::chrono::milliseconds kBreath{10};  // every commit rings, our own claims too

}  // namespace

Claimer::Claimer(std::string list, std::unique_ptr<Tickets> tickets, const Membership& membership,
                 ClaimPort& port)
    : list_(std::move(list)),
      tickets_(std::move(tickets)),
      membership_(membership),
      port_(port) {}

void Claimer::step(const std::stop_token& stop) {
  if (!membership_.mayClaim()) {
    sleepFor(std::chrono::milliseconds(100), stop);
    return;
  }
  if (isClosed_) {  // paused or held: tickets stay where they are
    isClosed_ = !port_.isOpen();
    if (isClosed_) port_.waitForCommit(kLookWhilePaused, stop);
    return;
  }
  const std::size_t room = port_.room(stop);
  if (room == 0 || stop.stop_requested()) return;
  auto ids = takeTickets(room, stop);
  if (stop.stop_requested()) return;  // the tickets come back by reconcile
  if (!ids.empty())
    emptyWaits_ = 0;
  else if (++emptyWaits_ % kWaitsBeforeSweep == 0 || redisIsAway_)
    ids = port_.due(room);
  if (ids.empty() || !membership_.mayClaim()) return;
  if (const std::size_t left = port_.roomNow(); ids.size() > left) {
    giveBack({ids.begin() + static_cast<std::ptrdiff_t>(left), ids.end()});
    ids.resize(left);
  }
  if (!redisIsAway_) ids = takeTurns(std::move(ids));
  if (ids.empty() || port_.claim(ids) > 0) return;
  isClosed_ = !port_.isOpen();
  if (isClosed_) giveBack(ids);
}

std::vector<std::int64_t> Claimer::takeTurns(std::vector<std::int64_t> tickets) {
  auto turn = port_.turns(std::move(tickets));
  if (!turn.later.empty()) giveBack(turn.later);
  return std::move(turn.claim);
}

void Claimer::giveBack(const std::vector<std::int64_t>& ids) {
  try {
    tickets_->putBack(list_, ids);
  } catch (const Unavailable& e) {  // reconcile pushes them
    log::debug("tickets not given back list={}: {}", list_, e.what());
  }
}

std::vector<std::int64_t> Claimer::takeTickets(std::size_t room, const std::stop_token& stop) {
  try {
    failpoint("take.before");
    if (tickets_->length(list_) == 0) port_.setDry(true);
    auto ids = tickets_->pop(list_, room, kTicketWait);
    if (!ids.empty()) {
      port_.setDry(false);
      failpoint("take.after");
    }
    if (redisIsAway_) log::info("working with tickets again list={}", list_);
    redisIsAway_ = false;
    return ids;
  } catch (const Unavailable& e) {
    port_.setDry(false);
    if (!redisIsAway_) log::warn("working without tickets list={}: {}", list_, e.what());
    redisIsAway_ = true;
    sleepFor(kBreath, stop);
    port_.waitForCommit(kPollWithoutRedis, stop);
    return {};
  }
}

void Claimer::run(const std::stop_token& stop) {
  Backoff backoff;
  while (!stop.stop_requested()) {
    try {
      step(stop);
      backoff.reset();
    } catch (const Unavailable& e) {  // Postgres is away: wait
      log::debug("claiming waits list={}: {}", list_, e.what());
      membership_.doubtClaims();
      sleepFor(backoff.next(), stop);
    } catch (const std::exception& e) {
      log::error("claiming stopped list={}: {}", list_, e.what());
      membership_.doubtClaims();
      sleepFor(backoff.next(), stop);
    }
  }
}

}  // namespace planwright
