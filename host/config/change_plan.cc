#include "config/change_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/json_diff.h"

namespace planwright {
namespace {

std::string_view toText(QueueChange::Kind kind) {
  switch (kind) {
    case QueueChange::Kind::Added:
      return "added";
    case QueueChange::Kind::Removed:
      return "removed";
    case QueueChange::Kind::Changed:
      return "changed";
  }
  return "changed";
}

/// The changed keys as the file names them. If the text of the file is the same (a secret is at
/// another place now), the changed stages.
std::vector<std::string> changedKeys(const Config& running, const Config& wanted,
                                     const QueueConfig& before, const QueueConfig& after) {
  std::vector<std::string> keys;
  const auto written = [&](const Config& config) {
    const auto at = config.queueTexts.find(before.name);
    return parseJson(at == config.queueTexts.end() ? "{}" : at->second);
  };
  const auto old = written(running), now = written(wanted);
  if (old && now)
    for (const auto& difference : jsonDifferences(*old, *now, JsonLists::ByItem))
      keys.push_back(fmt::format("{}", fmt::join(difference.path, ".")));
  if (!keys.empty()) return keys;
  if (before.sources != after.sources) keys.emplace_back("source");
  if (before.planners != after.planners) keys.emplace_back("planner");
  if (before.builder != after.builder) keys.emplace_back("builder");
  return keys;
}

}  // namespace

ChangePlan changePlan(const Config& running, const Config& wanted) {
  ChangePlan plan;
  const auto restart = [&](const char* key, bool same) {
    if (!same) plan.restart.emplace_back(key);
  };
  restart("listen", running.listen == wanted.listen);
  restart("metrics_listen", running.metricsListen == wanted.metricsListen);
  restart("data", running.dataFolder == wanted.dataFolder);
  restart("postgres", running.postgresUrl == wanted.postgresUrl);
  restart("redis", running.redisUrl == wanted.redisUrl);
  restart("blobs", running.blobs == wanted.blobs);
  restart("plugins", running.plugins == wanted.plugins);
  restart("roles", running.roles == wanted.roles);
  restart("access", running.access.isOpen == wanted.access.isOpen);
  restart("hosts", running.hosts == wanted.hosts);
  restart("lease", running.lease == wanted.lease);
  restart("stalled_after", running.stalledAfter == wanted.stalledAfter);
  restart("read_only", running.readOnly == wanted.readOnly);
  const auto atOnce = [&](const char* key, bool same) {
    if (!same) plan.host.emplace_back(key);
  };
  atOnce("access",
         running.access == wanted.access || running.access.isOpen != wanted.access.isOpen);
  atOnce("audit", running.audit == wanted.audit);
  atOnce("webhooks", running.webhooks == wanted.webhooks);
  atOnce("watch_roots", running.watchRoots == wanted.watchRoots);
  atOnce("drain_timeout", running.drainTimeout == wanted.drainTimeout);
  atOnce("locked", running.locked == wanted.locked);

  std::set<std::string> names;
  for (const Config* config : {&running, &wanted})
    for (const auto& queue : config->queues) names.insert(queue.name);
  for (const auto& name : names) {
    const QueueConfig* before = running.queue(name);
    const QueueConfig* after = wanted.queue(name);
    if (!before)
      plan.queues.push_back({name, QueueChange::Kind::Added, {}});
    else if (!after)
      plan.queues.push_back({name, QueueChange::Kind::Removed, {}});
    else if (!(*before == *after))
      plan.queues.push_back(
          {name, QueueChange::Kind::Changed, changedKeys(running, wanted, *before, *after)});
  }
  return plan;
}

const QueueChange* ChangePlan::of(const std::string& queue) const {
  const auto at = std::find_if(queues.begin(), queues.end(),
                               [&](const QueueChange& change) { return change.queue == queue; });
  return at == queues.end() ? nullptr : &*at;
}

std::vector<std::string> ChangePlan::lines() const {
  std::vector<std::string> lines;
  for (const auto& key : restart) lines.push_back(key + ": needs a restart of the host");
  for (const auto& key : host) lines.push_back(key + ": changed");
  for (const auto& change : queues) {
    std::string line = "queue " + change.queue + ": " + std::string(toText(change.kind));
    for (const auto& key : change.keys) line += (&key == &change.keys[0] ? " " : ", ") + key;
    lines.push_back(std::move(line));
  }
  if (lines.empty()) lines.emplace_back("no changes");
  return lines;
}

std::string ChangePlan::json() const {
  JsonWriter json;
  const auto list = [&](const char* name, const std::vector<std::string>& values) {
    json.key(name).array();
    for (const auto& value : values) json.value(value);
    json.end();
  };
  json.object();
  list("restart", restart);
  list("host", host);
  json.key("queues").array();
  for (const auto& change : queues) {
    json.object().member("queue", change.queue).member("change", toText(change.kind));
    list("keys", change.keys);
    json.end();
  }
  return json.end().end().take();
}

}  // namespace planwright
