#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/service_state.h"
#include "store/bell.h"
#include "store/database.h"
#include "store/postgres_probe.h"
#include "tickets/redis_tickets.h"
#include "upkeep/store_probe.h"
#include "workers/membership.h"

namespace planwright {

/// Asks Postgres and Redis every moment whether they can be written to, and the probe of the blob
/// folder what it found, and so is the one place that says when an outage is over. A Postgres that
/// hangs is given up after a while: what waits for it is woken, and everybody else is told at once.
/// Each outage leaves an event. Thread pw-watch.
class ServiceWatch {
 public:
  struct Parts {
    Database& database;
    std::string redisUrl;
    ServiceState& postgres;
    RedisState& redis;
    const StoreProbe& storeProbe;
    ServiceState& store;
    const Membership& membership;
    Bell& bell;
  };
  explicit ServiceWatch(const Parts& parts);

  /// One look at each: a few milliseconds, or seconds if one hangs.
  void step();
  void start();

 private:
  void lookAtPostgres();
  void lookAtRedis();
  void lookAtStore();
  void tell(ServiceState& service, bool isUsable, std::string& reported);
  void record(const ServiceState& service, const std::string& type, const std::string& body);

  const Parts parts_;
  PostgresProbe probe_;
  RedisTickets tickets_;
  std::unique_ptr<Connection> connection_;
  int silentLooks_ = 0;                            ///< in a row without an answer of Postgres
  std::string reportedOfRedis_, reportedOfStore_;  ///< the problem of the last event, or ""
  std::jthread thread_;
};

}  // namespace planwright
