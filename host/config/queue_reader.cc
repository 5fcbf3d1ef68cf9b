#include "config/queue_reader.h"

#include <algorithm>
#include <array>

#include "config/stage_reader.h"

namespace planwright {
namespace {

constexpr std::array kLockable = {"auto_plan",    "auto_build",    "watch_dir",
                                  "plan_workers", "build_workers", "job_slots"};
/// Keys that a queue may give once for all of its stages.
constexpr std::array kStageKeys = {"isolation", "limits", "worker_sandbox"};

bool isQueueName(const std::string& name) {
  return !name.empty() && name.size() <= 63 && std::isalnum(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

/// `stage` with what the queue says for all of its stages, as far as it is for one of that kind.
ConfigNode withQueueKeys(const ConfigNode& queue, const ConfigNode& stage, StageKind kind) {
  ConfigNode shared = mapOfTexts({}, stage.place);
  for (const auto& member : queue.members) {
    if (std::find(kStageKeys.begin(), kStageKeys.end(), member.key) == kStageKeys.end()) continue;
    if (member.key == "worker_sandbox" && kind == StageKind::Source) continue;
    shared.members.push_back(member);
    if (member.key == "limits" && kind != StageKind::Builder)
      std::erase_if(shared.members.back().value.members,
                    [](const ConfigNode::Member& limit) { return limit.key == "output"; });
  }
  return deepMerge(shared, stage);
}

RetryConfig readRetry(const ConfigNode* node, ConfigProblems& problems) {
  RetryConfig retry;
  SectionReader section(node, "retry", problems);
  retry.attempts = section.count("attempts", retry.attempts, 1, 100);
  retry.poisonAfter = section.count("poison_after", retry.poisonAfter, 1, 1'000);
  SectionReader budgets(section.section("budgets"), "budgets", problems);
  retry.failed = budgets.count("failed", retry.failed, 0, 100);
  retry.timeout = budgets.count("timeout", retry.timeout, 0, 100);
  retry.limit = budgets.count("limit", retry.limit, 0, 100);
  retry.bug = budgets.count("bug", retry.bug, 0, 100);
  if (const ConfigNode* infra = budgets.value("infra"))
    budgets.complain(*infra,
                     "\"infra\" has its budget in retry.attempts, which counts all attempts");
  for (const char* never : {"rejected", "config", "cancelled"})
    if (const ConfigNode* given = budgets.value(never))
      budgets.complain(*given, std::string("\"") + never + "\" is never tried again by itself");
  budgets.finish();
  SectionReader backoff(section.section("backoff"), "backoff", problems);
  retry.first = backoff.duration("first", retry.first);
  retry.factor = backoff.number("factor", retry.factor, 1, 100);
  retry.max = backoff.duration("max", retry.max);
  retry.jitter = backoff.number("jitter", retry.jitter, 0, 1);
  backoff.finish();
  section.finish();
  return retry;
}

ReloadConfig readReload(const ConfigNode* node, ConfigProblems& problems) {
  ReloadConfig reload;
  SectionReader section(node, "reload", problems);
  reload.canary = section.count("canary", reload.canary, 0, 1'000);
  reload.compare = section.flag("compare", reload.compare);
  reload.drainTimeout = section.duration("drain_timeout", reload.drainTimeout);
  reload.rollbackWindow = section.duration("rollback_window", reload.rollbackWindow);
  section.finish();
  return reload;
}

PruneConfig readPrune(const ConfigNode* node, ConfigProblems& problems) {
  PruneConfig prune;
  SectionReader section(node, "prune", problems);
  prune.inputs = section.duration("inputs");
  prune.plans = section.duration("plans");
  prune.cache = section.duration("cache", prune.cache);
  prune.cacheBytes = section.size("cache_size", prune.cacheBytes);
  prune.keepLast = section.count("keep_last", prune.keepLast, 0, 1'000'000);
  section.finish();
  return prune;
}

/// The pointer of stage number `index`. It contains the index only if the file has a list there.
std::string stagePointer(const ConfigNode& queue, const QueueConfig& config, const char* stage,
                         std::size_t index) {
  const ConfigNode* node = queue.find(stage);
  const std::string pointer = config.pointer + "/" + stage;
  return node && node->isList() ? pointer + "/" + std::to_string(index) : pointer;
}

void readStages(const ConfigNode& node, SectionReader& section, const std::filesystem::path& folder,
                QueueConfig& queue, ConfigProblems& problems) {
  const std::string of = " of queue \"" + queue.name + "\"";
  for (const ConfigNode* source : section.sections("source"))
    queue.sources.push_back(readSource(
        *source, withQueueKeys(node, *source, StageKind::Source),
        {stagePointer(node, queue, "source", queue.sources.size()), "source" + of, folder},
        problems));
  int workers = 0;
  const auto readOne = [&](const ConfigNode& planner, std::string pointer) {
    queue.planners.push_back(readPlanner(withQueueKeys(node, planner, StageKind::Planner),
                                         {std::move(pointer), "planner" + of, folder}, workers,
                                         problems));
  };
  for (const ConfigNode* planner : section.sections("planner"))
    readOne(*planner, stagePointer(node, queue, "planner", queue.planners.size()));
  const Config builtIn = builtInConfig(folder);
  if (!section.value("planner"))
    for (const auto& planner : builtIn.queues.front().planners)
      readOne(mapOfTexts({{"plugin", planner.plugin}, {"match", planner.match}}, node.place),
              queue.pointer + "/planner");
  if (workers > 0) queue.planWorkers = workers;
  const ConfigNode* builder = section.section("builder");
  const ConfigNode merged =
      withQueueKeys(node, builder ? *builder : mapOfTexts({}, node.place), StageKind::Builder);
  queue.builder =
      readBuilder(&merged, {queue.pointer + "/builder", "builder" + of, folder}, problems);
}

}  // namespace

std::set<std::string> readLocked(SectionReader& section) {
  std::set<std::string> locked;
  const ConfigNode* node = section.value("locked");
  for (const auto& key : section.texts("locked")) {
    if (std::find(kLockable.begin(), kLockable.end(), key) != kLockable.end()) {
      locked.insert(key);
      continue;
    }
    const std::string near = nearestName(key, {kLockable.begin(), kLockable.end()});
    section.complain(*node, "\"" + key + "\" cannot be locked" +
                                (near.empty() ? "; auto_plan, auto_build, watch_dir, plan_workers, "
                                                "build_workers and job_slots can"
                                              : "; did you mean \"" + near + "\"?"));
  }
  return locked;
}

QueueConfig readQueue(const std::string& name, const ConfigNode& node,
                      const std::filesystem::path& folder, ConfigProblems& problems) {
  QueueConfig queue;
  queue.name = name;
  queue.pointer = "/queues/" + pointerToken(name);
  if (!isQueueName(name))
    problems.push_back({node.place, "\"" + name +
                                        "\" cannot name a queue; use up to 63 letters, digits, "
                                        "dots, dashes and underscores"});
  SectionReader section(&node, "queue \"" + name + "\"", problems);
  queue.autoPlan = section.flag("auto_plan", queue.autoPlan);
  queue.autoBuild = section.flag("auto_build", queue.autoBuild);
  readStages(node, section, folder, queue, problems);
  queue.retry = readRetry(section.section("retry"), problems);
  queue.reload = readReload(section.section("reload"), problems);
  queue.prune = readPrune(section.section("prune"), problems);
  queue.locked = readLocked(section);
  if (section.value("nudge_secret")) queue.nudgeSecret[section.text("nudge_secret")];
  for (const char* key : kStageKeys) section.value(key);
  section.finish();
  return queue;
}

}  // namespace planwright
