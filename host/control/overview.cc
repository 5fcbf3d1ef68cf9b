#include "control/overview.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/unavailable.h"
#include "control/item_json.h"
#include "control/pages.h"
#include "control/queue_json.h"
#include "store/pg_array.h"
#include "workers/live_queue.h"

namespace planwright {

namespace {

const char* word(StageRoom::Isolation isolation) {
  return isolation == StageRoom::Isolation::Process ? "process" : "inproc";
}

/// By id: where it runs now.
StagePlugins placesOf(const std::map<std::string, StageRoom::Isolation>& stages,
                      const Plugins* plugins) {
  StagePlugins places;
  for (const auto& [id, wanted] : stages) {
    const auto where = plugins ? plugins->isolation(id, wanted) : notFound("no plugins");
    places.emplace(id, word(where ? *where : wanted));
  }
  return places;
}

/// The planners and the builder of a queue.
std::pair<StagePlugins, StagePlugins> stagesOf(const ControlParts& parts, const std::string& name) {
  const auto config = parts.config.now();
  const QueueConfig* queue = config->queue(name);
  if (!queue) return {};
  std::map<std::string, StageRoom::Isolation> planners, builders;
  for (const auto& planner : queue->planners)
    planners.emplace(planner.plugin, isolationOf(planner));
  if (!queue->builder.plugin.empty())
    builders.emplace(queue->builder.plugin, isolationOf(queue->builder));
  const auto plugins = parts.pluginsNow(name);
  return {placesOf(planners, plugins.get()), placesOf(builders, plugins.get())};
}

/// One thing the host depends on.
struct Dependency {
  std::string name;
  std::string problem;   ///< why it cannot be used now; empty = it can
  bool isNeeded = true;  ///< false: work goes on without it, only slower
};

/// Waits for none of them.
std::vector<Dependency> dependencies(const ControlParts& parts) {
  std::vector<Dependency> all;
  if (parts.postgres) {
    all.push_back({parts.postgres->name(), parts.postgres->problem()});
    if (all.back().problem.empty() && !parts.membership.mayClaim() && !parts.membership.isLeaving())
      all.back().problem = "The lease of this host could not be renewed; nothing new starts.";
  }
  if (parts.redis) all.push_back({parts.redis->name(), parts.redis->problem(), false});
  if (parts.store) all.push_back({parts.store->name(), parts.store->problem()});
  if (!parts.queues) return all;
  std::string sources;
  for (const auto& problem : parts.queues->problems())
    sources += (sources.empty() ? "" : "; ") + problem;
  all.push_back({"watch_dir", sources});
  return all;
}

/// {items, next_cursor: null, total}
std::string wholePage(const std::vector<std::string>& items) {
  JsonWriter json;
  json.object().key("items").array();
  for (const auto& item : items) json.raw(item);
  return json.end().key("next_cursor").null().member("total", items.size()).end().take();
}

/// By plugin: an array of {"version", "digest", "reason", "since"}.
std::map<std::string, std::string> quarantined(Database& database) {
  const Rows rows = database.lease()->run("quarantines");
  std::map<std::string, std::string> lists;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string& list = lists[rows.text(i, "plugin")];
    list += list.empty() ? "" : ",";
    list += JsonWriter()
                .object()
                .member("version", rows.text(i, "version"))
                .member("digest", rows.text(i, "digest"))
                .member("reason", rows.text(i, "reason"))
                .member("since", rows.text(i, "since"))
                .end()
                .take();
  }
  return lists;
}

/// A version of a plugin, and the queues that run it.
struct ListedPlugin {
  std::shared_ptr<const Plugins> of;
  PluginInfo info;
  std::vector<std::string> queues;
};

/// Those of the plugin folders, then what queues run besides: other versions, which were installed.
std::vector<ListedPlugin> listed(const ControlParts& parts) {
  std::vector<ListedPlugin> list;
  if (!parts.plugins) return list;
  using Shared = std::shared_ptr<const Plugins>;
  const Shared folders(Shared(), parts.plugins);
  for (const auto& info : folders->all()) list.push_back({folders, info, {}});
  for (const auto& queue : parts.config.now()->queues) {
    const auto plugins = parts.pluginsNow(queue.name);
    for (const auto& id : pluginsUsed(queue)) {
      const PluginInfo* info = plugins->find(id);
      if (!info) continue;
      auto at = std::find_if(list.begin(), list.end(), [&](const ListedPlugin& each) {
        return each.info.id == id && each.info.digest == info->digest;
      });
      if (at == list.end()) at = list.insert(at, {plugins, *info, {}});
      at->queues.push_back(queue.name);
    }
  }
  return list;
}

std::string pluginJson(const ListedPlugin& plugin,
                       const std::map<std::string, std::string>& quarantines) {
  const PluginInfo& info = plugin.info;
  const auto bad = quarantines.find(info.id);
  const auto where = plugin.of->isolation(info.id, StageRoom::Isolation::Auto);
  JsonWriter json;
  json.object()
      .member("id", info.id)
      .member("version", info.version)
      .member("file", info.file)
      .textOrNull("digest", info.digest)
      .member("description", info.description)
      .member("pure", info.pure)
      .member("bundled", info.isBundled)
      .textOrNull("isolation", where && info.error.empty() ? word(*where) : "")
      .member("usable", info.error.empty())
      .textOrNull("error", info.error);
  json.key("stages").array();
  for (const auto& stage : info.stages) json.value(stage);
  json.end().key("queues").array();
  for (const auto& queue : plugin.queues) json.value(queue);
  return json.end()
      .rawMember("quarantined", "[" + (bad == quarantines.end() ? "" : bad->second) + "]")
      .rawMember("settings_schema", info.settingsSchemaJson)
      .rawMember("manifest", info.manifestJson)
      .end()
      .take();
}

/// Failures with one cause.
std::string failureJson(const Row& group) {
  const std::string_view code = group.text("code");
  const std::string_view title = failureMessage(group.text("kind"), group.text("title"));
  JsonWriter json;
  json.object();
  writeText(json, "fingerprint", group);
  json.member("title", title);
  writeText(json, "kind", group);
  writeNumber(json, "count", group);
  for (const auto* name : {"first_at", "last_at"}) writeTime(json, name, group);
  json.key("reason");
  writeReason(json, {std::string(code), std::string(title), failureHint(code, "the button"),
                     rfc3339(group.text("first_at"))});
  return json.rawMember("samples", group.text("samples")).end().take();
}

}  // namespace

Overview::Overview(const ControlParts& parts)
    : parts_(parts),
      counts_(parts.database, parts.clock) {}

std::vector<Overview::QueueRow> Overview::rows() {
  const auto counts = counts_.get();
  const Rows rows = parts_.database.lease()->run("api_queues");
  std::vector<QueueRow> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row queue(rows, i);
    std::string name(queue.text("name"));
    const auto [planners, builders] = stagesOf(parts_, name);
    std::string json = queueJson(queue, *counts, parts_.clock.steady(), planners, builders);
    out.push_back({std::move(name), std::move(json)});
  }
  return out;
}

std::string Overview::queues(const SomeQueues& seen) {
  std::vector<std::string> items;
  for (auto& row : rows())
    if (!seen || seen->contains(row.name)) items.push_back(std::move(row.json));
  return wholePage(items);
}

Result<std::string> Overview::queue(const std::string& name) {
  for (auto& row : rows())
    if (row.name == name) return std::move(row.json);
  return notFound(fmt::format("There is no queue {}.", name));
}

std::string Overview::workers() {
  const auto counts = counts_.get();
  const Rows rows = parts_.database.lease()->run("api_workers");
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size(); ++i) items.push_back(workerJson(Row(rows, i), *counts));
  return wholePage(items);
}

std::string Overview::arriving(const SomeQueues& seen) const {
  const std::string items = parts_.queues ? parts_.queues->arrivingJson(seen) : "[]";
  const auto document = parseJson(items);
  const std::size_t count = document && document->IsArray() ? document->Size() : 0;
  return JsonWriter()
      .object()
      .rawMember("items", items)
      .key("next_cursor")
      .null()
      .member("total", count)
      .end()
      .take();
}

Result<std::string> Overview::failures(const std::string& since, const SomeQueues& seen) const {
  constexpr int kFailureWindow = 10'000;
  if (!since.empty() && !looksLikeATime(since))
    return Error{
        ErrorKind::Invalid, "It must be a time such as 2026-01-31T12:00:00Z.", {}, "since"};
  const Rows rows = parts_.database.lease()->run(
      "api_failures",
      {since.empty() ? std::optional<std::string>() : since, kFailureWindow, PgArray::of(seen)});
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size(); ++i) items.push_back(failureJson(Row(rows, i)));
  return wholePage(items);
}

std::string Overview::reconciler() const {
  JsonWriter json;
  json.object().key("repairs").object();
  for (const auto& [kind, count] :
       parts_.metrics.byLabel("planwright_reconcile_repairs_total", "kind"))
    json.member(kind, static_cast<std::int64_t>(count));
  return json.end()
      .member("fenced_writes",
              static_cast<std::int64_t>(parts_.metrics.total("planwright_fenced_writes_total")))
      .end()
      .take();
}

std::string Overview::plugins() const {
  std::vector<std::string> items;
  const auto quarantines = quarantined(parts_.database);
  for (const auto& plugin : listed(parts_)) items.push_back(pluginJson(plugin, quarantines));
  return wholePage(items);
}

Result<std::string> Overview::plugin(const std::string& id) const {
  const auto all = listed(parts_);
  const ListedPlugin* found = nullptr;  // what runs is asked for; else what could
  for (const auto& each : all)
    if (each.info.id == id && (!found || (found->queues.empty() && !each.queues.empty())))
      found = &each;
  if (!found) return notFound(fmt::format("There is no plugin {}.", id));
  return pluginJson(*found, quarantined(parts_.database));
}

Result<std::string> Overview::releasePlugin(const std::string& id, const std::string& actor) const {
  const Rows rows = parts_.database.lease()->run("release_plugin", {id, actor});
  if (rows.size() == 0) return notFound(fmt::format("No version of {} is quarantined.", id));
  parts_.bell.ring();
  JsonWriter json;
  json.object().member("id", id).key("released").array();
  for (std::size_t i = 0; i < rows.size(); ++i)
    json.object()
        .member("version", rows.text(i, "version"))
        .member("digest", rows.text(i, "digest"))
        .end();
  return json.end().end().take();
}

std::string Overview::version() const {
  JsonWriter json;
  json.object()
      .member("name", "planwright")
      .member("version", PLANWRIGHT_VERSION)
      .member("api", "1");
  if (parts_.reload) json.rawMember("config", parts_.reload->json());
  if (parts_.sandbox) json.key("sandbox").raw(parts_.sandbox->json());
  return json.end().take();
}

std::pair<std::string, bool> Overview::readiness() const {
  const auto states = dependencies(parts_);
  const bool isReady = std::all_of(states.begin(), states.end(), [](const auto& state) {
    return state.problem.empty() || !state.isNeeded;
  });
  const auto isAway = [&](std::string_view name) {
    return std::any_of(states.begin(), states.end(), [&](const auto& state) {
      return state.name == name && !state.problem.empty();
    });
  };
  JsonWriter json;
  json.object()
      .member("ready", isReady)
      .member("mode", isAway("postgres") ? "postgres_away"
                      : isAway("redis")  ? "redis_away"
                                         : "normal")
      .key("dependencies")
      .object();
  for (const auto& state : states)
    json.key(state.name)
        .object()
        .member("ready", state.problem.empty())
        .textOrNull("detail", state.problem)
        .end();
  return {json.end().end().take(), isReady};
}

}  // namespace planwright
