#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/live.h"
#include "base/metrics.h"
#include "config/config.h"
#include "store/bell.h"
#include "store/database.h"
#include "webhooks/posts.h"
#include "webhooks/webhook.h"
#include "workers/membership.h"

namespace planwright {

/// Makes deliveries of events and sends them. One host does it at a time: it says so in a row of
/// its own, and another takes over when that host is declared dead or leaves. What was read of the
/// event log is moved on in the transaction that adds the deliveries, so no event is left out, and
/// an event whose answer was not committed is sent again with the same bytes under the same id.
/// Thread pw-webhooks; tests drive step().
class WebhookSender {
 public:
  struct Parts {
    Database& database;
    const Live<Config>& config;
    const Membership& membership;
    Metrics& metrics;
    Bell& bell;
    const Clock& clock;
  };
  struct Limits {
    int looked = 2'000;  ///< events at once
    /// Deliveries of one webhook that wait: beyond it the event log keeps what comes.
    std::int64_t waiting = 1'000;
    int together = 8;  ///< requests to one webhook at once, of different items
    std::chrono::milliseconds timeout{15'000};
  };
  explicit WebhookSender(const Parts& parts) : WebhookSender(parts, Limits()) {}
  WebhookSender(const Parts& parts, const Limits& limits);

  void start();
  /// One round, which waits at most so long for answers. True: there is more to do, or some are
  /// still awaited.
  bool step(std::chrono::milliseconds wait);

 private:
  struct UnderWay {
    std::int64_t webhook = 0;
    WebhookKind kind = WebhookKind::Events;
    int attempts = 0;  ///< before this one
    std::vector<std::string> secrets;
  };
  struct Outcome {
    std::int64_t id = 0;
    UnderWay sent;
    Posted posted;
    WallTime at;
  };
  void run(const std::stop_token& stop);
  bool isOurTurn(Connection& connection) const;
  std::vector<Webhook> webhooks(Connection& connection) const;
  bool collect(Connection& connection, const Webhook& webhook) const;
  void sendDue(Connection& connection, const Webhook& webhook);
  void send(const Webhook& webhook, const Row& delivery);
  void settle(Connection& connection);
  void record(Connection& connection, const Outcome& outcome) const;
  void keepHouse(Connection& connection);

  const Parts parts_;
  const Limits limits_;
  Posts posts_;
  std::map<std::int64_t, UnderWay> underWay_;  ///< by delivery
  std::vector<Outcome> outcomes_;              ///< not committed yet: Postgres was away
  SteadyTime keptHouseAt_{};
  std::jthread thread_;
};

/// When a delivery is tried again that failed so often, or nothing: it is dead. All attempts
/// together take a day.
std::optional<std::chrono::seconds> webhookRetryDelay(int failedAttempts);

}  // namespace planwright
