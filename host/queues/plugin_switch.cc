#include "queues/plugin_switch.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "stages/program_plugin.h"
#include "store/queue_rows.h"

namespace planwright {
namespace {

using Files = std::vector<std::filesystem::path>;
constexpr std::size_t kManyParked = 20;

/// The stored copies that these choices name. Plugins of the folders have no copy.
Result<Files> filesOf(const PluginChoices& choices, const PluginStore& store) {
  Files files;
  for (const auto& [id, choice] : choices) {
    if (choice.digest.empty()) continue;
    const auto plugin = store.find(choice.digest);
    if (!plugin)
      return notFound(fmt::format("{} with {} is not installed any more.", id, choice.digest));
    files.push_back(plugin->file);
  }
  return files;
}

void writeVersion(JsonWriter& json, const char* name, const PluginInfo& info) {
  json.key(name).object().member("version", info.version).member("digest", info.digest).end();
}

}  // namespace

/// One plugin of a queue that becomes another.
struct PluginSwitch::Move {
  std::string id;
  PluginInfo from, to;

  static bool isAmong(const std::vector<Move>& moves, const std::string& id) {
    return std::any_of(moves.begin(), moves.end(), [&](const Move& move) { return move.id == id; });
  }
  /// The member "plugins" of an open object.
  static void write(JsonWriter& json, const std::vector<Move>& moves) {
    json.key("plugins").array();
    for (const auto& move : moves) {
      json.object().member("id", move.id);
      writeVersion(json, "from", move.from);
      writeVersion(json, "to", move.to);
      json.end();
    }
    json.end();
  }
};

Result<std::string> PluginSwitch::reload(const std::string& queue, const std::string& actor) {
  const std::lock_guard lock(one_);
  const auto runner = parts_.queues.find(queue);
  if (!runner) return notFound(fmt::format("This host runs no queue {}.", queue));
  const auto now = runner->generation();
  PluginChoices wanted = parts_.store.choices(queue);
  for (const auto& id : pluginsUsed(now->config)) {
    const auto newest = parts_.store.newest(id);
    const PluginInfo* info = now->plugins->find(id);
    const std::string current = info ? info->digest : "";
    if (!newest || newest->digest == current) continue;
    wanted[id] = {newest->digest, parts_.store.find(current) ? current : ""};
  }
  const auto files = filesOf(wanted, parts_.store);
  if (!files) return files.error();
  auto plugins = parts_.base->with(*files);
  if (!plugins) {
    note(queue, "plugin.refused", "error", {}, plugins.error().message, actor);
    return plugins.error();
  }
  return go(*runner, wanted, std::move(*plugins), actor, true);
}

Result<std::string> PluginSwitch::rollback(const std::string& queue, const std::string& actor) {
  const std::lock_guard lock(one_);
  const auto runner = parts_.queues.find(queue);
  if (!runner) return notFound(fmt::format("This host runs no queue {}.", queue));
  const auto now = runner->generation();
  if (runner->withdraw("Somebody went back.")) return answer(queue, now->number, "in_force", 0, {});
  PluginChoices wanted = parts_.store.choices(queue);
  bool isAny = false;
  for (auto& [id, choice] : wanted) {
    if (!choice.before) continue;
    choice = {*choice.before, choice.digest};
    isAny = true;
  }
  if (!isAny)
    return conflict(fmt::format("The queue {} ran no other version before.", queue),
                    "nothing-to-roll-back");
  const auto files = filesOf(wanted, parts_.store);
  if (!files) return files.error();
  auto plugins = parts_.base->with(*files);
  if (!plugins) return plugins.error();
  return go(*runner, wanted, std::move(*plugins), actor, false);
}

/// The settings against the schemas of the new versions, and what these say to them; none of these
/// is quarantined.
Result<void> PluginSwitch::check(const QueueConfig& queue, const Plugins& plugins,
                                 const std::vector<Move>& moves) const {
  for (const auto& move : moves)
    if (auto why = plugins.whyQuarantined(move.id); !why.empty()) return invalid(std::move(why));
  const auto isMoved = [&](const StageConfig& stage) { return Move::isAmong(moves, stage.plugin); };
  for (const auto& source : queue.sources) {
    if (!isMoved(source)) continue;
    if (const auto ok = plugins.settings(source.plugin, source.settingsJson); !ok)
      return ok.error();
    if (programOf(source.plugin).empty()) continue;  // a shared object was loaded by now
    if (const auto ok = plugins.source(source.plugin, queue.name, source.settingsJson,
                                       roomOf(source, source.settingsJson, {}));
        !ok)
      return ok.error();
  }
  for (const auto& planner : queue.planners)
    if (isMoved(planner))
      if (const auto ok =
              plugins.planner(planner.plugin, queue.name, planner.settingsJson, roomOf(planner));
          !ok)
        return ok.error();
  if (isMoved(queue.builder))
    if (const auto ok = plugins.builder(queue.builder.plugin, queue.name,
                                        queue.builder.settingsJson, roomOf(queue.builder));
        !ok)
      return ok.error();
  return {};
}

Result<std::string> PluginSwitch::go(QueueRunner& runner, const PluginChoices& wanted,
                                     std::shared_ptr<const Plugins> plugins,
                                     const std::string& actor, bool isTried) {
  const std::string queue = runner.name();
  const auto now = runner.generation();
  std::vector<Move> moves;
  for (const auto& id : pluginsUsed(now->config)) {
    const PluginInfo* from = now->plugins->find(id);
    const PluginInfo* to = plugins->find(id);
    if (!to || (from && from->isSameVersion(*to))) continue;
    moves.push_back({id, from ? *from : PluginInfo{}, *to});
  }
  if (moves.empty()) return answer(queue, now->number, "unchanged", 0, {});
  if (const auto ok = check(now->config, *plugins, moves); !ok) {
    note(queue, "plugin.refused", "error", moves, ok.error().message, actor);
    Error error = ok.error();
    error.message = "Nothing was changed: " + error.message;
    error.kind = ErrorKind::Invalid;
    return error;
  }
  const bool isBuilder = Move::isAmong(moves, now->config.builder.plugin);
  const bool isPlanner =
      std::any_of(now->config.planners.begin(), now->config.planners.end(),
                  [&](const auto& planner) { return Move::isAmong(moves, planner.plugin); });
  // A quarantined version runs nothing, and the old file of a changed program does not exist any
  // more. So there is nothing to fall back to.
  const bool isStuck = std::any_of(moves.begin(), moves.end(), [&](const Move& move) {
    return !programOf(move.id).empty() || !now->plugins->whyQuarantined(move.id).empty();
  });
  const int items = isTried && !isStuck && (isBuilder || isPlanner) ? now->config.reload.canary : 0;
  if (items > 0) note(queue, "plugin.trial", "info", moves, {}, actor);
  if (const auto parked = parts_.base->parked(); parked >= kManyParked)
    log::warn(
        "{} old versions of plugins stay in the memory of the host; isolation: process frees it at "
        "each change, a restart now",
        parked);
  const bool compares = items > 0 && now->config.reload.compare;
  LiveQueue::Trial trial = trialOf(queue, moves, wanted, actor, compares);
  trial.plugins = std::move(plugins);
  trial.stage = isBuilder ? LiveQueue::Stage::Build : LiveQueue::Stage::Plan;
  trial.items = items;
  const auto number = runner.offer(std::move(trial));
  if (isStuck) QueueRows(*parts_.host.database.lease()).release(queue);
  return answer(queue, number, items > 0 ? "trial" : "in_force", items, moves);
}

/// A trial that compares plans if it shall, and tells and remembers how it was decided.
LiveQueue::Trial PluginSwitch::trialOf(const std::string& queue, const std::vector<Move>& moves,
                                       const PluginChoices& wanted, const std::string& actor,
                                       bool compares) {
  LiveQueue::Trial trial;
  struct Compared {
    int plans = 0, others = 0;
  };
  const auto compared = std::make_shared<Compared>();
  if (compares)
    trial.compared = [this, queue, compared](const LiveQueue::Comparison& comparison) {
      ++compared->plans;
      if (!comparison.isSame) ++compared->others;
      noteComparison(queue, comparison);
    };
  trial.decided = [this, queue, moves, wanted, actor, compared](bool isInForce, std::string why) {
    if (isInForce) remember(queue, wanted);
    if (isInForce && compared->plans > 0)
      why = fmt::format("{} of {} plans came out otherwise.", compared->others, compared->plans);
    note(queue, isInForce ? "plugin.switched" : "plugin.rolled_back", isInForce ? "info" : "error",
         moves, why, actor);
    parts_.host.metrics.add("planwright_plugin_switches_total",
                            {{"result", isInForce ? "in_force" : "rolled_back"}});
  };
  return trial;
}

/// Stores the choice for the next start and for the statements about builds. Runs in the thread
/// that decided.
void PluginSwitch::remember(const std::string& queue, const PluginChoices& choices) {
  try {
    PluginChoices wanted = choices;
    const auto runner = parts_.queues.find(queue);
    const auto window =
        runner ? runner->generation()->config.reload.rollbackWindow : ReloadConfig().rollbackWindow;
    const auto before = parts_.store.choices(queue);
    for (auto& [id, choice] : wanted)
      if (const auto was = before.find(id); was == before.end() || was->second != choice)
        choice.keptUntil = toRfc3339(SystemClock().now() + window);
    parts_.store.choose(queue, wanted);
    const auto tools = parts_.queues.toolsJson(*parts_.host.config.now());
    parts_.host.database.lease()->run("record_tools", {parts_.host.membership.instance(), tools});
  } catch (const std::runtime_error& e) {
    log::error("the plugins of a queue are not remembered queue={}: {}", queue, e.what());
  }
}

std::string PluginSwitch::answer(const std::string& queue, std::int64_t generation,
                                 const std::string& state, int items,
                                 const std::vector<Move>& moves) const {
  JsonWriter json;
  json.object()
      .member("queue", queue)
      .member("generation", generation)
      .member("state", state)
      .member("trial_items", items);
  Move::write(json, moves);
  return json.end().take();
}

void PluginSwitch::noteComparison(const std::string& queue,
                                  const LiveQueue::Comparison& comparison) const {
  constexpr std::size_t kLargestDiff = 16'384;  // of thousands of jobs the numbers will do
  JsonWriter json;
  json.object()
      .member("input", comparison.input)
      .member("filename", comparison.filename)
      .member("same", comparison.isSame)
      .member("added", comparison.added)
      .member("removed", comparison.removed)
      .member("changed", comparison.changed)
      .rawMember("diff", comparison.diffJson.size() <= kLargestDiff ? comparison.diffJson : "")
      .end();
  log::info("plugin.compared queue={} input={} added={} removed={} changed={}", queue,
            comparison.input, comparison.added, comparison.removed, comparison.changed);
  tell(queue, "plugin.compared", comparison.isSame ? "info" : "warning", json.take());
}

void PluginSwitch::note(const std::string& queue, const std::string& type, const std::string& level,
                        const std::vector<Move>& moves, const std::string& why,
                        const std::string& actor) const {
  JsonWriter json;
  json.object().member("by", actor).textOrNull("why", why);
  Move::write(json, moves);
  for (const auto& move : moves)
    log::info("{} queue={} plugin={} {} -> {} {}", type, queue, move.id, move.from.version,
              move.to.version, why);
  tell(queue, type, level, json.end().take());
}

void PluginSwitch::tell(const std::string& queue, const std::string& type, const std::string& level,
                        const std::string& data) const {
  try {
    parts_.host.database.lease()->run("queue_event", {queue, type, level, data});
    parts_.host.bell.ring();
  } catch (const std::runtime_error& e) {  // the log has it; the thread that decided goes on
    log::debug("no event {} queue={}: {}", type, queue, e.what());
  }
}

}  // namespace planwright
