#include <cstdio>

#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "control/overview.h"
#include "queues/connection_need.h"

namespace planwright {

namespace {

double residentBytes() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double realOr(const JsonValue& object, std::string_view key, double fallback) {
  const JsonValue* value = find(object, key);
  return value && value->IsNumber() ? value->GetDouble() : fallback;
}

void setStage(Metrics& metrics, const JsonValue& stage) {
  const std::string list = textOr(stage, "list");
  metrics.set("planwright_queue_depth", {{"queue", list}}, realOr(stage, "depth", 0));
  metrics.set("planwright_queue_oldest_age_seconds", {{"queue", list}},
              realOr(stage, "oldest_seconds", 0));
  metrics.set("planwright_dead_letters", {{"queue", list}}, realOr(stage, "dead", 0));
  const double busy = realOr(stage, "busy", 0);
  metrics.set("planwright_workers", {{"queue", list}, {"state", "busy"}}, busy);
  metrics.set("planwright_workers", {{"queue", list}, {"state", "idle"}},
              std::max(0.0, realOr(stage, "workers", 0) - busy));
  if (!find(stage, "job_slots")) return;
  const double running = realOr(stage, "jobs_running", 0);
  metrics.set("planwright_job_slots", {{"queue", list}, {"state", "busy"}}, running);
  metrics.set("planwright_job_slots", {{"queue", list}, {"state", "idle"}},
              std::max(0.0, realOr(stage, "job_slots", 0) - running));
}

void setConnections(Metrics& metrics, const ConnectionCounts& counts) {
  constexpr const char* kName = "planwright_postgres_connections";
  metrics.set(kName, {{"state", "busy"}}, static_cast<double>(counts.busy));
  metrics.set(kName, {{"state", "idle"}}, static_cast<double>(counts.idle));
  metrics.set("planwright_postgres_connections_needed", {}, kMostConnections);
  metrics.set("planwright_postgres_max_connections", {}, counts.most);
}

void setHostGauges(const ControlParts& parts) {
  Metrics& metrics = parts.metrics;
  if (parts.sandbox) {
    metrics.set("planwright_sandbox_level", {}, static_cast<double>(parts.sandbox->level));
    for (const auto& facility : parts.sandbox->facilities)
      metrics.set("planwright_sandbox_facility", {{"facility", facility.name}},
                  facility.works ? 1 : 0);
  }
  if (parts.plugins)
    metrics.set("planwright_plugin_parked_generations", {},
                static_cast<double>(parts.plugins->parked()));
  if (parts.postgres) metrics.set("planwright_postgres_up", {}, parts.postgres->isAway() ? 0 : 1);
  if (parts.redis) metrics.set("planwright_redis_up", {}, parts.redis->isAway() ? 0 : 1);
  if (parts.store) metrics.set("planwright_store_up", {}, parts.store->isAway() ? 0 : 1);
  setConnections(metrics, parts.database.counts());
}

}  // namespace

std::string Overview::metrics() {
  Metrics& metrics = parts_.metrics;
  metrics.set("planwright_build_info", {{"version", PLANWRIGHT_VERSION}}, 1);
  metrics.set("planwright_process_resident_memory_bytes", {}, residentBytes());
  if (parts_.plugins) {
    for (const auto& info : parts_.plugins->all())
      for (const auto& stage : info.stages)
        if (info.error.empty())
          metrics.set(
              "planwright_plugin_info",
              {{"plugin", info.id}, {"version", info.version}, {"stage", stage}, {"abi", "1"}}, 1);
  }
  setHostGauges(parts_);
  try {
    for (const auto& row : rows()) {
      const auto queue = parseJson(row.json);
      setStage(metrics, *find(*queue, "plan"));
      setStage(metrics, *find(*queue, "build"));
    }
    metrics.set("planwright_event_lag_seconds", {},
                parts_.database.lease()->run("event_lag").real(0, 0));
  } catch (const Unavailable& e) {  // a scrape must also work while the database is away
    log::debug("scraped without the database: {}", e.what());
  }
  return metrics.text();
}

}  // namespace planwright
