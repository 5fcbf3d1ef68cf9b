#include "queues/queue_runner.h"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "config/watched_folders.h"
#include "stages/program_plugin.h"

namespace planwright {
namespace {

constexpr const char* kFolder = "planwright.folder";
constexpr std::chrono::seconds kHolderTrust{1};

std::string pathSetting(const SourceConfig& source) {
  const auto settings = parseJson(source.settingsJson);
  return settings ? textOr(*settings, "path") : "";
}

std::string withPath(const std::string& settingsJson, const std::string& path) {
  return mergePatch(settingsJson, JsonWriter().object().member("path", path).end().take());
}

std::string absolutePath(const Config& config, const std::string& path) {
  const std::filesystem::path given(path);
  if (path.empty() || given.is_absolute()) return path;
  const auto folder =
      config.file.empty() ? std::filesystem::current_path() : config.file.parent_path();
  return (folder / given).lexically_normal().string();
}

/// Patterns of the names that a planner of the queue takes.
std::vector<std::string> plannedNames(const QueueConfig& queue) {
  std::vector<std::string> patterns;
  for (const auto& planner : queue.planners) patterns.push_back(planner.match);
  return patterns;
}

/// Where the files of a source may lie: what the API or a program says is no more than a path, and
/// the host can read more than they may.
std::vector<std::filesystem::path> rootsOf(const Config& config, const SourceConfig& source,
                                           const StageRoom& room) {
  std::vector<std::filesystem::path> roots;
  if (source.plugin == kFolder) {
    roots = watchRootsOf(config);
    roots.emplace_back(absolutePath(config, pathSetting(source)));
  } else if (!programOf(source.plugin).empty() &&
             room.programs.sandbox != SandboxWish::Mode::None) {
    for (const auto* paths : {&room.programs.readable, &room.programs.writable})
      roots.insert(roots.end(), paths->begin(), paths->end());
  }
  return roots;
}

}  // namespace

std::string configuredWatchDir(const Config& config, const QueueConfig& queue) {
  for (const auto& source : queue.sources)
    if (source.plugin == kFolder) return absolutePath(config, pathSetting(source));
  return "";
}

QueueRow startSettings(const Config& config, const QueueConfig& queue) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return {queue.name,
          queue.autoPlan,
          queue.autoBuild,
          configuredWatchDir(config, queue),
          queue.planWorkers,
          queue.builder.workers,
          queue.builder.jobSlots > 0 ? queue.builder.jobSlots : cores,
          queue.retry.poisonAfter};
}

/// One source with its recorder: the intake goes first when both are destroyed.
struct QueueRunner::RunningSource {
  PostgresRecorder recorder;
  SteadyTime holderUntil{};
  std::unique_ptr<Intake> intake;

  RunningSource(const Host& host, std::shared_ptr<SourceSession> session, int attempts,
                NextStage<ClaimedInput>* planning)
      : recorder(std::move(session), host.connectTickets(), host.bell, host.membership, attempts,
                 planning) {}
};

QueueRunner::QueueRunner(const Host& host, const QueueConfig& queue,
                         std::shared_ptr<const Plugins> plugins, const QueueRow& settings,
                         std::shared_ptr<SourceSession> session)
    : host_(host),
      sourceSession_(std::move(session)),
      queue_(queue, std::move(plugins)),
      watchDir_(settings.watchDir),
      nudge_(settings.nudge),
      jobSlots_(settings.jobSlots) {
  const auto config = host.config.now();
  if (config->roles.build)
    building_ =
        std::make_unique<BuildStage>(host, queue_, settings.buildWorkers, settings.jobSlots);
  if (config->roles.plan)
    planning_ = std::make_unique<PlanStage>(host, queue_, building_ ? &building_->door() : nullptr,
                                            settings.planWorkers);
  startSources();
}

QueueRunner::~QueueRunner() {
  sources_.lock()->clear();  // intake first, so that the stages drain what there is
}

/// The old recorder must release a source before the new one asks for it.
void QueueRunner::startSources() {
  if (!host_.config.now()->roles.intake || isClosed_) return;
  sources_.lock()->clear();
  const auto now = queue_.now();
  std::vector<std::shared_ptr<RunningSource>> started;
  std::vector<std::string> problems;
  bool isFirstFolder = true;
  areSourcesDue_ = false;
  for (std::size_t i = 0; i < now->config.sources.size(); ++i) {
    const SourceConfig& config = now->config.sources[i];
    if (config.plugin == kManualSource) continue;  // uploads need no loop
    std::string settings = config.settingsJson;
    if (config.plugin == kFolder) {
      settings = withPath(settings, isFirstFolder && !watchDir_.empty()
                                        ? watchDir_
                                        : absolutePath(*host_.config.now(), pathSetting(config)));
      isFirstFolder = false;
    }
    try {
      started.push_back(startSource(*now, i, settings));
    } catch (const std::runtime_error& e) {
      problems.push_back(fmt::format("{}: {}", config.plugin, e.what()));
      log::error("source not started queue={} plugin={}: {}", queue_.name, config.plugin, e.what());
      areSourcesDue_ = areSourcesDue_ || dynamic_cast<const Unavailable*>(&e);
    }
  }
  *sources_.lock() = std::move(started);
  *problems_.lock() = std::move(problems);
}

/// Throws why it cannot be started.
std::shared_ptr<QueueRunner::RunningSource> QueueRunner::startSource(const QueueGeneration& now,
                                                                     std::size_t index,
                                                                     const std::string& settings) {
  const SourceConfig& config = now.config.sources[index];
  const std::string name = sourceName(config, index);
  const auto folder = host_.sourceFolder / queue_.name / name;
  auto checked = now.plugins->settings(config.plugin, settings);
  const StageRoom room = roomOf(config, settings, folder);
  // Its user cannot make it.
  if (const auto* plugin = now.plugins->find(config.plugin); plugin && !plugin->isBundled) {
    for (auto at = folder.parent_path(); at != host_.sourceFolder; at = at.parent_path())
      makeFolder(at, 0711);  // a name may have slashes
    makeFolder(folder, 0700);
  }
  auto source = checked ? now.plugins->source(config.plugin, queue_.name, *checked, room)
                        : Result<std::unique_ptr<StageInstance>>(checked.error());
  if (!source) throw std::runtime_error(source.error().message);
  auto running = std::make_shared<RunningSource>(host_, sourceSession_, now.config.retry.attempts,
                                                 planning_ ? &planning_->door() : nullptr);
  IntakeSettings intake;
  intake.queue = queue_.name;
  intake.source = name;
  intake.plugin = config.plugin;
  intake.pattern = config.pattern;
  intake.ignored = config.ignore;
  intake.planned = plannedNames(now.config);
  intake.stableFor = config.stableFor;
  intake.onOverwrite =
      config.onOverwrite == OnOverwrite::Latest ? OverwritePolicy::Latest : OverwritePolicy::Every;
  intake.maxBytes = config.maxBytes;
  intake.secrets = config.pluginSecrets;
  intake.limits = {config.deadline, config.silenceTimeout};
  intake.folder = folder;
  intake.roots = rootsOf(*host_.config.now(), config, room);
  intake.programs = room.programs;
  // This is asked at every step. The recorder checks it again in the transaction that writes, so
  // the answer may be used for a moment.
  auto isHolder = [this, self = running.get(), name = intake.source] {
    const auto time = host_.clock.steady();
    if (time < self->holderUntil) return true;
    if (!host_.membership.mayClaim()) return false;
    try {
      if (!self->recorder.isHolder(queue_.name, name)) return false;
    } catch (const Unavailable& e) {
      log::warn("source waits queue={} source={}: {}", queue_.name, name, e.what());
      return false;
    }
    self->holderUntil = time + kHolderTrust;
    return true;
  };
  running->intake = std::make_unique<Intake>(
      intake, IntakeParts{std::move(*source), running->recorder, host_.blobs, host_.clock,
                          host_.metrics, std::move(isHolder)});
  running->intake->start();
  return running;
}

void QueueRunner::apply(const QueueRow& settings) {
  if (isClosed_) return;
  jobSlots_ = settings.jobSlots;
  if (planning_) planning_->resize(settings.planWorkers);
  if (building_) building_->resize(settings.buildWorkers, settings.jobSlots);
  if (std::exchange(nudge_, settings.nudge) != settings.nudge) {
    auto sources = sources_.lock();
    for (const auto& source : *sources) source->intake->pollNow();
  }
  if (settings.watchDir == watchDir_) return;
  watchDir_ = settings.watchDir;
  log::info("watching queue={} folder={}", queue_.name, watchDir_);
  startSources();
}

void QueueRunner::replace(const QueueConfig& queue) {
  const auto before = queue_.now();
  queue_.replace(queue, before->plugins);
  if (before->config.sources != queue.sources ||
      plannedNames(before->config) != plannedNames(queue) ||
      before->config.retry.attempts != queue.retry.attempts)
    startSources();
}

std::int64_t QueueRunner::offer(LiveQueue::Trial trial) {
  const auto before = queue_.now();
  trial.decided = [this, before, next = trial.plugins, decided = std::move(trial.decided)](
                      bool isInForce, const std::string& why) {
    decided(isInForce, why);
    for (const auto& source : before->config.sources) {
      const PluginInfo* from = before->plugins->find(source.plugin);
      const PluginInfo* to = next->find(source.plugin);
      if (isInForce && to && !(from && from->isSameVersion(*to))) areSourcesDue_ = true;
    }
  };
  return queue_.offer(std::move(trial));
}

void QueueRunner::retrySources() {
  if (areSourcesDue_) startSources();
}

void QueueRunner::close() {
  isClosed_ = true;
  sources_.lock()->clear();
  problems_.lock()->clear();
  if (planning_) planning_->resize(0);
  if (building_) building_->resize(0, jobSlots_);
}

bool QueueRunner::isOver() {
  return isClosed_ && heldInputs().empty() && heldPlans().empty();
}

bool QueueRunner::drain() {
  const bool isPlanned = !planning_ || planning_->drain();
  const bool isBuilt = !building_ || building_->drain();
  return isPlanned && isBuilt;
}

void QueueRunner::stopWork() {
  if (planning_) planning_->stopWork();
  if (building_) building_->stopWork();
}

void QueueRunner::abandon() {
  if (planning_) planning_->abandon();
  if (building_) building_->abandon();
}

std::vector<ArrivingFile> QueueRunner::arriving(std::size_t limit) {
  std::vector<ArrivingFile> files;
  auto sources = sources_.lock();  // held: one that ends must not outlive its successor
  for (const auto& source : *sources)
    for (auto& file : source->intake->arriving(limit)) files.push_back(std::move(file));
  return files;
}

std::vector<std::string> QueueRunner::sourceProblems() {
  std::vector<std::string> problems = *problems_.lock();
  auto sources = sources_.lock();
  for (const auto& source : *sources)
    if (auto problem = source->intake->status().problem; !problem.empty())
      problems.push_back(std::move(problem));
  return problems;
}

}  // namespace planwright
