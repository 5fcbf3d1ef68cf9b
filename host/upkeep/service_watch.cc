#include "upkeep/service_watch.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto kProbeEvery = 500ms;
constexpr auto kProbeEveryWhileAway = 100ms;
constexpr auto kPatience = 2s;
constexpr int kSilentLooks = 5;  // an answer may take long on a machine that is busy

std::string backBody(std::chrono::milliseconds away, std::int64_t instance) {
  const double seconds = static_cast<double>(away.count()) / 1000;
  return JsonWriter()
      .object()
      .member("away_seconds", seconds)
      .member("instance", instance)
      .member("message", fmt::format("It was away for {} s.", seconds))
      .end()
      .take();
}

}  // namespace

ServiceWatch::ServiceWatch(const Parts& parts)
    : parts_(parts),
      probe_(parts.database.url()),
      tickets_(parts.redisUrl),
      connection_(parts.database.shared()) {}

void ServiceWatch::start() {
  thread_ = startThread("pw-watch", [this](const std::stop_token& stop) {
    do {
      step();
    } while (sleepFor(parts_.postgres.isAway() || parts_.redis.service.isAway()
                          ? kProbeEveryWhileAway
                          : kProbeEvery,
                      stop));
  });
}

void ServiceWatch::step() {
  lookAtPostgres();
  lookAtRedis();
  lookAtStore();
}

void ServiceWatch::lookAtPostgres() {
  try {
    if (probe_.ask(kPatience)) {
      silentLooks_ = 0;
      if (const auto away = parts_.postgres.back(); away.count() > 0)
        record(parts_.postgres, "service.back", backBody(away, parts_.membership.instance()));
      return;
    }
  } catch (const Unavailable& e) {
    silentLooks_ = 0;
    parts_.postgres.lost(e.what());
    return;
  }
  if (++silentLooks_ < kSilentLooks) return;
  parts_.postgres.lost("Postgres does not answer");
  parts_.database.breakConnections();
}

void ServiceWatch::lookAtRedis() {
  ServiceState& redis = parts_.redis.service;
  bool isUsable = true;
  const auto refused = *parts_.redis.refused.lock();
  try {
    tickets_.probe(refused);
    parts_.redis.refused.lock()->clear();
  } catch (const Unavailable& e) {
    isUsable = false;
    redis.lost(e.what());
  }
  tell(redis, isUsable, reportedOfRedis_);
}

void ServiceWatch::lookAtStore() {
  const std::string problem = parts_.storeProbe.problem();
  if (!problem.empty()) parts_.store.lost(problem);
  tell(parts_.store, problem.empty(), reportedOfStore_);
}

/// An event when an outage has begun or has another cause, and one when it is over.
void ServiceWatch::tell(ServiceState& service, bool isUsable, std::string& reported) {
  const std::string problem = service.problem();
  if (service.isAway() && problem != reported) {
    reported = problem;
    record(service, "service.away",
           JsonWriter()
               .object()
               .member("instance", parts_.membership.instance())
               .member("message", problem)
               .end()
               .take());
  }
  if (!isUsable || !service.isAway()) return;
  reported.clear();
  record(service, "service.back", backBody(service.back(), parts_.membership.instance()));
}

/// Without Postgres the event is lost, but the log has the same line.
void ServiceWatch::record(const ServiceState& service, const std::string& type,
                          const std::string& body) {
  try {
    connection_->run("service_event", {"service/" + service.name(), type,
                                       type == "service.away" ? "warning" : "info", body});
  } catch (const Unavailable& e) {
    log::debug("no event service={}: {}", service.name(), e.what());
  }
  parts_.bell.ring();
}

}  // namespace planwright
