#include "offline/examine.h"

#include <map>
#include <memory>
#include <optional>

#include "base/json.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "offline/installation.h"
#include "store/instances.h"
#include "tickets/redis_tickets.h"
#include "upkeep/doctor.h"
#include "upkeep/reconciler.h"

namespace planwright {
namespace {

/// What a host would do at its start, as far as reconcile does it: hosts that ran on this data
/// folder are dead, since it is ours now; their claims go back and tickets are pushed.
std::map<std::string, std::int64_t> repair(Installation& installation) {
  const Config& config = installation.config();
  Database& database = installation.database();
  Membership nobody;
  Metrics metrics;
  Bell bell;
  const Live<Config> live(config);
  const SystemClock clock;
  auto connection = database.dedicated();
  Instances instances(*connection);
  const InstanceId self =
      instances.start({installation.dataId(), "doctor", "", PLANWRIGHT_VERSION, 0}, {});
  nobody.become(number(self));
  Reconciler reconciler({live, database, std::make_unique<RedisTickets>(installation.redisUrl()),
                         config.lease, nobody, metrics, bell, clock});
  reconciler.step();
  instances.end(self);
  return reconciler.repairs();
}

std::string toJson(const std::vector<Checkup>& checks, bool isHealthy, bool isHostRunning,
                   const std::optional<std::map<std::string, std::int64_t>>& repairs) {
  JsonWriter json;
  json.object().member("healthy", isHealthy).member("host_running", isHostRunning).key("repairs");
  if (repairs) {
    json.object();
    for (const auto& [kind, count] : *repairs) json.member(kind, count);
    json.end();
  } else {
    json.null();
  }
  json.key("checks").array();
  for (const auto& check : checks) {
    json.object()
        .member("name", check.name)
        .member("promise", check.promise)
        .member("examined", check.examined)
        .textOrNull("skipped", check.skipped)
        .key("violations")
        .array();
    for (const auto& violation : check.violations)
      json.object().member("item", violation.item).member("what", violation.what).end();
    json.end().key("notes").array();
    for (const auto& note : check.notes)
      json.object().member("item", note.item).member("what", note.what).end();
    const bool isFine = check.violations.empty() && check.notes.empty();
    json.end().textOrNull("advice", isFine ? "" : check.advice).end();
  }
  return json.end().end().take();
}

Examination examineOnce(const Config& config, const ExamineOptions& options) {
  Installation installation(config, options.repair);
  std::optional<std::map<std::string, std::int64_t>> repairs;
  if (options.repair && !installation.isHostRunning()) repairs = repair(installation);
  const std::string& redis = installation.redisUrl();
  const auto tickets = redis.empty() ? nullptr : std::make_unique<RedisTickets>(redis);
  Doctor doctor({.database = installation.database(),
                 .tickets = tickets.get(),
                 .blobs = installation.blobs(),
                 .large = installation.folder(),
                 .lease = config.lease,
                 .processes = {installation.dataId(), installation.dataFolder() / "lock",
                               installation.isHostRunning()},
                 .isQuick = options.isQuick,
                 .patience = options.patience});
  const auto checks = doctor.examine();
  Examination done{.isHealthy = true, .json = {}};
  for (const auto& check : checks) done.isHealthy = done.isHealthy && check.violations.empty();
  done.json = toJson(checks, done.isHealthy, installation.isHostRunning(), repairs);
  return done;
}

}  // namespace

Examination examine(const Config& config, const ExamineOptions& options) {
  const auto giveUp = std::chrono::steady_clock::now() + options.patience;
  for (;;) {
    try {
      return examineOnce(config, options);
    } catch (const Unavailable&) {  // the private Postgres may just be starting again
      if (std::chrono::steady_clock::now() >= giveUp) throw;
      sleepFor(std::chrono::milliseconds(250), {});
    }
  }
}

}  // namespace planwright
