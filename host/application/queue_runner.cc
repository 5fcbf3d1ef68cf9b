#include "application/queue_runner.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "intake/postgres_recorder.h"

namespace planwright {
namespace {

constexpr const char* kFolder = "planwright.folder";
constexpr const char* kManual = "planwright.manual";
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

}  // namespace

std::string configuredWatchDir(const Config& config, const QueueConfig& queue) {
  for (const auto& source : queue.sources)
    if (source.plugin == kFolder) return absolutePath(config, pathSetting(source));
  return "";
}

/// One source with its recorder: the intake goes first when both are destroyed.
struct QueueRunner::RunningSource {
  PostgresRecorder recorder;
  SteadyTime holderUntil{};
  std::unique_ptr<Intake> intake;

  RunningSource(const HostParts& parts, int attempts, NextStage<ClaimedInput>* planning)
      : recorder(parts.database, parts.connectTickets(), parts.bell, parts.membership, attempts,
                 planning) {}
};

QueueRunner::QueueRunner(const HostParts& parts, const QueueConfig& queue, const QueueRow& settings)
    : parts_(parts),
      queue_(queue),
      watchDir_(settings.watchDir) {
  const Roles& roles = parts.config.roles;
  if (roles.build) {
    const BuildParts build{queue,         parts.database,   parts.connectTickets, parts.blobs,
                           parts.plugins, parts.bell,       parts.membership,     parts.metrics,
                           parts.clock,   parts.workFolder, parts.logs};
    building_ = std::make_unique<BuildStage>(build, settings.buildWorkers, settings.jobSlots);
  }
  if (roles.plan) {
    const PlanParts plan{queue,         parts.database, parts.connectTickets, parts.blobs,
                         parts.plugins, parts.bell,     parts.membership,     parts.metrics,
                         parts.clock,   building_.get()};
    planning_ = std::make_unique<PlanStage>(plan, settings.planWorkers);
  }
  if (roles.intake) startSources(watchDir_);
}

QueueRunner::~QueueRunner() {
  sources_.lock()->clear();  // intake first, so that the stages drain what there is
}

void QueueRunner::startSources(const std::string& watchDir) {
  std::vector<std::shared_ptr<RunningSource>> started;
  std::vector<std::string> problems;
  bool isFirstFolder = true;
  for (std::size_t i = 0; i < queue_.sources.size(); ++i) {
    const SourceConfig& config = queue_.sources[i];
    if (config.plugin == kManual) continue;  // uploads need no loop
    std::string settings = config.settingsJson;
    if (config.plugin == kFolder) {
      settings = withPath(settings, isFirstFolder && !watchDir.empty()
                                        ? watchDir
                                        : absolutePath(parts_.config, pathSetting(config)));
      isFirstFolder = false;
    }
    auto checked = parts_.plugins.settings(config.plugin, settings);
    auto source = checked ? parts_.plugins.source(config.plugin, queue_.name, *checked)
                          : Result<std::unique_ptr<Source>>(checked.error());
    if (!source) {
      problems.push_back(fmt::format("{}: {}", config.plugin, source.error().message));
      log::error("source not started queue={} plugin={}: {}", queue_.name, config.plugin,
                 source.error().message);
      continue;
    }
    auto running = std::make_shared<RunningSource>(parts_, queue_.retry.attempts, planning_.get());
    IntakeSettings intake;
    intake.queue = queue_.name;
    intake.source = sourceName(config, i);
    intake.pattern = config.pattern;
    intake.stableFor = config.stableFor;
    intake.onOverwrite = config.onOverwrite == OnOverwrite::Latest ? OverwritePolicy::Latest
                                                                   : OverwritePolicy::Every;
    intake.maxBytes = config.maxBytes;
    // Asked at every step; the recorder asks again in the transaction that writes, so a moment's
    // trust is safe.
    auto isHolder = [this, self = running.get(), name = intake.source] {
      const auto now = parts_.clock.steady();
      if (now < self->holderUntil) return true;
      if (!parts_.membership.mayClaim()) return false;
      try {
        if (!self->recorder.isHolder(queue_.name, name)) return false;
      } catch (const std::exception& e) {
        log::warn("source waits queue={} source={}: {}", queue_.name, name, e.what());
        return false;
      }
      self->holderUntil = now + kHolderTrust;
      return true;
    };
    running->intake = std::make_unique<Intake>(intake, IntakeParts{std::move(*source),
                                                                   running->recorder,
                                                                   parts_.blobs,
                                                                   parts_.clock,
                                                                   std::move(isHolder),
                                                                   {}});
    running->intake->start();
    started.push_back(std::move(running));
  }
  *sources_.lock() = std::move(started);
  *problems_.lock() = std::move(problems);
}

void QueueRunner::apply(const QueueRow& settings) {
  if (planning_) planning_->resize(settings.planWorkers);
  if (building_) building_->resize(settings.buildWorkers, settings.jobSlots);
  if (settings.watchDir == watchDir_) return;
  watchDir_ = settings.watchDir;
  log::info("watching queue={} folder={}", queue_.name, watchDir_);
  if (!parts_.config.roles.intake) return;
  sources_.lock()->clear();  // the old session gives the source back before the new one asks for it
  startSources(watchDir_);
}

bool QueueRunner::drain() {
  const bool isPlanned = !planning_ || planning_->drain();
  const bool isBuilt = !building_ || building_->drain();
  return isPlanned && isBuilt;
}

void QueueRunner::abandon() {
  if (planning_) planning_->abandon();
  if (building_) building_->abandon();
}

std::vector<ArrivingFile> QueueRunner::arriving(std::size_t limit) {
  std::vector<ArrivingFile> files;
  const auto sources = *sources_.lock();
  for (const auto& source : sources)
    for (auto& file : source->intake->arriving(limit)) files.push_back(std::move(file));
  return files;
}

std::vector<std::string> QueueRunner::sourceProblems() {
  std::vector<std::string> problems = *problems_.lock();
  const auto sources = *sources_.lock();
  for (const auto& source : sources)
    if (auto problem = source->intake->status().problem; !problem.empty())
      problems.push_back(std::move(problem));
  return problems;
}

}  // namespace planwright
