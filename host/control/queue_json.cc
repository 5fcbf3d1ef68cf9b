#include "control/queue_json.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "control/item_json.h"
#include "tickets/tickets.h"

namespace planwright {

namespace {

void flags(JsonWriter& json, const Row& row, std::initializer_list<std::string_view> names) {
  for (const auto name : names) json.member(name, row.flag(name));
}

void counts(JsonWriter& json, const Row& row, std::initializer_list<std::string_view> names) {
  for (const auto name : names) json.member(name, row.number(name));
}

/// What a stage, its columns and its list of ids are called, and how many hosts have it.
struct StageNames {
  std::string_view paused, held, workers, alone, noun;
  std::int64_t hosts;
  std::string list;
};

/// Why the stage takes nothing, or not all that it has workers for; "" = no reason.
std::string whyNotAll(const Row& queue, const StageNames& names) {
  if (!queue.text(names.held).empty()) return std::string(queue.text(names.held));
  if (queue.isNull(names.alone)) return {};
  return fmt::format(
      "{} {} has its turn alone, since a host died with it; what waits goes on after it.",
      names.noun, queue.text(names.alone));
}

/// Leaves the object open.
void writeStage(JsonWriter& json, const Row& queue, const StageNames& names,
                const StageCount& count, double sinceCount, const StagePlugins& plugins) {
  json.object()
      .member("list", names.list)
      .member("paused", queue.flag(names.paused))
      .textOrNull("reason", whyNotAll(queue, names))
      .member("depth", count.depth)
      .member("running", count.running)
      .member("delayed", count.delayed)
      .member("dead", count.dead)
      .key("oldest_seconds");
  if (count.oldestSeconds)
    json.value(static_cast<std::int64_t>(std::floor(*count.oldestSeconds + sinceCount)));
  else
    json.null();
  const std::int64_t workers = queue.number(names.workers);
  json.member("workers", workers * names.hosts)
      .member("workers_per_host", workers)
      .member("busy", count.running);
  json.key("plugins").array();
  for (const auto& [id, where] : plugins) json.value(id);
  json.end().key("isolation").array();
  for (const auto& [id, where] : plugins) json.value(where);
  json.end().member("rate_per_minute", count.ratePerMinute);
}

/// How many are in which status; those of `always` even when there are none.
void writeStatuses(JsonWriter& json, std::string_view name,
                   std::initializer_list<const char*> always,
                   std::map<std::string, std::int64_t> byStatus) {
  for (const auto* status : always) byStatus.try_emplace(status, 0);
  json.key(name).object();
  for (const auto& [status, count] : byStatus) json.member(status, count);
  json.end();
}

}  // namespace

std::string queueJson(const Row& queue, const ItemCounts& all, SteadyTime now,
                      const StagePlugins& planners, const StagePlugins& builders) {
  const std::string name(queue.text("name"));
  const auto found = all.queues.find(name);
  const QueueCounts count = found == all.queues.end() ? QueueCounts() : found->second;
  const double sinceCount = std::max(0.0, std::chrono::duration<double>(now - all.at).count());
  const std::int64_t builds = queue.number("builders");
  JsonWriter json;
  json.object().member("name", name);
  flags(json, queue, {"auto_plan", "auto_build"});
  writeText(json, "watch_dir", queue);
  counts(json, queue, {"plan_workers", "build_workers", "job_slots", "revision"});
  json.key("plan");
  writeStage(json, queue,
             {"plan_paused", "plan_held", "plan_workers", "input_alone", "Input",
              queue.number("planners"), planList(name)},
             count.plan, sinceCount, planners);
  json.end().key("build");
  writeStage(json, queue,
             {"build_paused", "build_held", "build_workers", "plan_alone", "Plan", builds,
              buildList(name)},
             count.build, sinceCount, builders);
  json.member("job_slots", queue.number("job_slots") * builds)
      .member("job_slots_per_host", queue.number("job_slots"))
      .member("jobs_running", count.jobsRunning)
      .end();
  writeStatuses(json, "inputs", {"pending", "planning", "planned", "failed"}, count.plan.byStatus);
  writeStatuses(json, "plans", {"ready_for_build", "building", "built", "failed"},
                count.build.byStatus);
  return json.end().take();
}

std::string settingsJson(const Row& queue, const std::vector<std::string_view>& locked) {
  std::vector<std::string> overridden;
  if (const auto overrides = parseJson(queue.text("overrides")))
    for (const auto& member : overrides->GetObject())
      overridden.emplace_back(member.name.GetString(), member.name.GetStringLength());
  std::sort(overridden.begin(), overridden.end());
  JsonWriter json;
  json.object().member("queue", queue.text("name"));
  flags(json, queue, {"auto_plan", "auto_build"});
  writeText(json, "watch_dir", queue);
  counts(json, queue, {"plan_workers", "build_workers", "job_slots"});
  flags(json, queue, {"plan_paused", "build_paused"});
  json.key("overridden").array();
  for (const auto& key : overridden) json.value(key);
  json.end().key("locked").array();
  for (const auto& key : locked) json.value(key);
  json.end();
  counts(json, queue, {"revision"});
  writeText(json, "changed_by", queue);
  return writeTime(json, "changed_at", queue).end().take();
}

std::string workerJson(const Row& instance, const ItemCounts& all) {
  const auto found = all.hosts.find(instance.number("id"));
  const HostCounts count = found == all.hosts.end() ? HostCounts() : found->second;
  JsonWriter json;
  json.object();
  writeNumber(json, "id", instance);
  writeText(json, "hostname", instance);
  writeNumber(json, "pid", instance);
  json.key("roles").array();
  std::string_view rest = instance.text("roles");
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    json.value(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  json.end();
  writeText(json, "version", instance);
  for (const auto* name : {"started_at", "heartbeat_at"}) writeTime(json, name, instance);
  writeNumber(json, "heartbeat_age_seconds", instance);
  return json.member("planning", count.planning).member("building", count.building).end().take();
}

}  // namespace planwright
