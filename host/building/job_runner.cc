#include "building/job_runner.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "artifacts/build_manifest.h"
#include "base/failpoints.h"
#include "base/log.h"
#include "base/utf8.h"
#include "building/job_services.h"
#include "building/remote_attempt.h"
#include "building/work_folder.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kNew{0};
constexpr std::int64_t kLargestRest = std::int64_t{16} << 30;

JobStatus statusOf(FailureClass kind) {
  switch (kind) {
    case FailureClass::Timeout:
      return JobStatus::TimedOut;
    case FailureClass::Cancelled:
      return JobStatus::Cancelled;
    case FailureClass::Infra:
    case FailureClass::Config:
      return JobStatus::Ready;
    case FailureClass::Rejected:
    case FailureClass::Failed:
    case FailureClass::Limit:
    case FailureClass::Bug:
      return JobStatus::Failed;
  }
  return JobStatus::Failed;
}

StageJob stageJobOf(const JobTask& task, const WorkFolder& folder) {
  StageJob job;
  job.id = task.job().name;
  job.planId = std::to_string(number(task.plan));
  job.planDigest = task.planDigest;
  job.specJson = task.job().specJson;
  job.token = "attempt-" + std::to_string(number(task.attemptId));
  job.workdir = folder.path().string();
  job.inputsJson = task.needsJson;
  job.attempt = task.attempt;
  return job;
}

/// How the program ended, as the engine says or the host saw it.
void noteExit(std::optional<RemoteAttempt>& remote, const JobServices& services,
              JobResult& result) {
  if (remote) {
    result.exitCode = remote->exitCode();
    result.remoteEnd = remote->end();
  } else if (const auto& exit = services.lastExit()) {
    result.exitCode = exit->code;
    result.peakMemoryBytes = exit->peakMemoryBytes;
    result.isSealed = services.isSealed();
  }
}

}  // namespace

void JobRunner::adopt(std::shared_ptr<const QueueGeneration> generation) {
  if (generation == generation_) return;
  builder_.reset();
  engine_.reset();
  generation_ = std::move(generation);
}

Result<void> JobRunner::create() {
  if (builder_ || engine_) return {};
  const auto& config = generation_->config.builder;
  const Plugins& plugins = *generation_->plugins;
  if (plugins.isRemote(config.plugin)) {
    auto engine = engines_.of(generation_);
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    return {};
  }
  auto settings = plugins.settings(config.plugin, config.settingsJson);
  if (!settings) return settings.error();
  auto builder = plugins.builder(config.plugin, queue_.name, *settings, roomOf(config));
  if (!builder) return builder.error();
  builder_ = std::move(*builder);
  return {};
}

JobResult JobRunner::run(const JobTask& task) {
  const auto begin = host_.clock.steady();
  JobResult result;
  try {
    result = attempt(task);
  } catch (const std::exception& e) {  // disk full, blob store away: the job is not to blame
    result.status = JobStatus::Ready;
    result.failureClass = toText(FailureClass::Infra);
    result.error = e.what();
  }
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(host_.clock.steady() - begin);
  if (folder_ && !folder_->clear()) folder_.reset();  // nothing of a job stays until the next one
  result.build = task.build;
  result.generation = task.generation->number;
  result.position = task.position;
  result.attemptId = task.attemptId;
  result.error = toUtf8(result.error);
  result.hold.reason = toUtf8(result.hold.reason);
  return result;
}

/// The empty folder of the job before, or a new one that is named after the attempt.
WorkFolder& JobRunner::emptyFolder(const std::string& attemptId) {
  if (!folder_) folder_ = std::make_unique<WorkFolder>(host_.workFolder / attemptId);
  return *folder_;
}

JobResult JobRunner::attempt(const JobTask& task) {
  JobResult result;
  adopt(task.generation);
  if (const auto ok = create(); !ok) {
    const bool again = ok.error().kind == ErrorKind::Unavailable;
    describe({again ? FailureClass::Infra : FailureClass::Config, ok.error().message, {}, {}},
             StopReason::None, result);
    return result;
  }
  const std::string attemptId = std::to_string(number(task.attemptId));
  std::optional<RemoteAttempt> remote;
  std::optional<WorkFolder> lasting;
  if (engine_) {
    remote.emplace(host_, queue_, *engine_, task);
    if (const auto failure = remote->begin()) {
      describe(*failure, StopReason::None, result);
      return result;
    }
    result.remoteToken = remote->job().token;
    lasting.emplace(WorkFolder::lasting(remote->job().folder, !remote->job().isFilled));
  }
  WorkFolder& folder = lasting ? *lasting : emptyFolder(attemptId);
  const bool isFilled = remote && remote->job().isFilled;
  if (!isFilled && !fill(task, folder, result)) return result;
  if (remote && !isFilled) remote->filled();
  const auto& config = generation_->config.builder;
  auto secrets = readSecretValues(config.pluginSecrets);
  if (!secrets) {
    describe({FailureClass::Config, secrets.error().message, {}, {}}, StopReason::None, result);
    return result;
  }
  StageJob job = stageJobOf(task, folder);
  if (remote) job.token = remote->job().token;
  AttemptLog log(host_.logs, host_.logs.folder() / attemptId, logLimits());
  Reports reports(host_.metrics, config.plugin, queue_.name);
  JobServices services(task, config, host_.blobs, log, std::move(*secrets), reports);
  job.traceparent = services.traceparent();
  StageCall call(services, {task.job().timeout.count() > 0 ? task.job().timeout : config.deadline,
                            config.silenceTimeout, remote ? remote->job().age : kNew});
  const RunningCall<JobPlace>::Scope scope(running_, call, {task.build, task.position});
  *telling_.lock() = {task.attemptId, &reports};
  const std::shared_ptr<void> afterwards(nullptr, [this](void*) { *telling_.lock() = {}; });
  failpoint("job.call.before");
  const StageOutcome outcome =
      remote ? remote->run(job, call, services) : builder_->build(job, call);
  failpoint("job.call.after");
  result.events = reports.takeEvents();
  const LogEnd logEnd = log.finish();  // before anybody hears that the attempt is over
  result.logBytes = static_cast<std::int64_t>(logEnd.textBytes);
  noteExit(remote, services, result);
  if (outcome.failure) {
    noteFailure(outcome, call, services, result);
    return result;
  }
  if (!collect(task, folder, services, result)) return result;
  addOutputs(outcome, services, result);
  keepRest(logEnd, result);
  return result;
}

/// Those that the builder reported, and names for all that tell no secret.
void JobRunner::addOutputs(const StageOutcome& outcome, const JobServices& services,
                           JobResult& result) {
  if (const auto ok = addReported(outcome.outputs, result); !ok)
    describe({FailureClass::Bug, ok.error().message, {}, {}}, StopReason::None, result);
  if (const auto ok = maskNames(services, result); !ok)
    describe({FailureClass::Failed, ok.error().message, {}, {}}, StopReason::None, result);
}

/// Puts the inputs into the folder. False: one is lost, as the result says.
bool JobRunner::fill(const JobTask& task, WorkFolder& folder, JobResult& result) {
  const auto ok = folder.fill(task, host_.blobs);
  if (ok) return true;
  // What was lost by accident may come back: another try is worth it.
  const auto kind = isLostBlob(ok.error()) ? FailureClass::Infra : FailureClass::Failed;
  describe({kind, ok.error().message, {}, {}}, StopReason::None, result);
  for (const int need : task.job().needs)
    if (task.document->jobs[static_cast<std::size_t>(need)].name == ok.error().pointer)
      result.lostFrom = need;
  return false;
}

void JobRunner::noteFailure(const StageOutcome& outcome, const StageCall& call,
                            const JobServices& services, JobResult& result) {
  Failure failure = call.overLimit(*outcome.failure).value_or(*outcome.failure);
  if (const auto& exit = services.lastExit(); exit && exit->limit != ProgramLimit::None)
    failure = {FailureClass::Limit, exit->limitReason, failure.details, {}};
  describe(failure, call.reason(), result);
  result.isDeath = outcome.isDeath && failure.kind == FailureClass::Infra;
  if (!outcome.hold.empty())
    result.hold = {fmt::format("{}: {}", generation_->config.builder.plugin, outcome.hold.reason),
                   outcome.hold.quarantined};
}

/// Takes the outputs that the plan names out of the folder, and what the builder stored itself.
/// False: they cannot be had, as the result says.
bool JobRunner::collect(const JobTask& task, WorkFolder& folder, JobServices& services,
                        JobResult& result) {
  auto collected = folder.collect(task.job().outputs, host_.blobs,
                                  generation_->config.builder.limits.outputBytes);
  if (!collected) {
    const bool isTooLarge = collected.error().kind == ErrorKind::TooLarge;
    describe({isTooLarge ? FailureClass::Limit : FailureClass::Failed,
              services.masked(collected.error().message),
              {},
              {}},
             StopReason::None, result);
    return false;
  }
  failpoint("job.upload.after");
  result.outputs = std::move(collected->outputs);
  result.blobs = std::move(collected->blobs);
  for (auto& blob : services.takeBlobs()) result.blobs.push_back(std::move(blob));
  return true;
}

/// Outputs that the builder stored itself. It reports name and digest; the size is known here.
Result<void> JobRunner::addReported(const std::vector<StageOutcome::Output>& reported,
                                    JobResult& result) {
  for (const auto& output : reported) {
    const bool isTaken =
        std::any_of(result.outputs.begin(), result.outputs.end(),
                    [&](const JobOutput& other) { return other.name == output.name; });
    if (!isSafePath(output.name) || !isUtf8(output.name) || isTaken)
      return invalid(
          fmt::format("The builder left an output \"{}\", which is no relative path of its own.",
                      toUtf8(output.name)));
    const auto digest = Digest::parse(output.digest);
    const auto size = digest ? sizeOf(*digest, result) : std::nullopt;
    if (!size)
      return invalid(fmt::format("The builder left an output {} whose bytes ({}) are nowhere.",
                                 output.name, output.digest));
    result.outputs.push_back({output.name, output.digest, *size, 0644});
  }
  return {};
}

/// Names of outputs are read by everybody who sees the build.
Result<void> JobRunner::maskNames(const JobServices& services, JobResult& result) {
  std::set<std::string> names;
  for (auto& output : result.outputs) {
    output.name = services.masked(output.name);
    if (!names.insert(output.name).second)
      return invalid(fmt::format(
          "Two outputs have the name {} once secrets are hidden in it; leave secrets out of names.",
          output.name));
  }
  return {};
}

/// The size of a blob that this attempt stored or that existed before; nullopt if there is no such
/// blob.
std::optional<std::int64_t> JobRunner::sizeOf(const Digest& digest, const JobResult& result) {
  for (const auto& blob : result.blobs)
    if (blob.digest == digest) return blob.sizeBytes;
  const auto blob = host_.blobs.open(digest);
  if (!blob) return std::nullopt;
  return static_cast<std::int64_t>(std::filesystem::file_size(
      std::filesystem::path("/proc/self/fd") / std::to_string(blob->get())));
}

LogLimits JobRunner::logLimits() const {
  const auto& config = generation_->config.builder;
  return {static_cast<std::uint64_t>(config.logBytes),
          config.keepsLogRest ? host_.workFolder : std::filesystem::path()};
}

/// This only helps people; the job succeeds without it.
void JobRunner::keepRest(const LogEnd& end, JobResult& result) const {
  if (!end.rest) return;
  auto blob = host_.blobs.stage(end.rest.get(), kLargestRest);
  if (!blob) {
    log::warn("rest of a log not kept: {}", blob.error().message);
    return;
  }
  result.outputs.push_back({"log-rest.txt", blob->digest.text(), blob->sizeBytes, 0644});
  result.blobs.push_back(std::move(*blob));
}

void JobRunner::describe(const Failure& failure, StopReason stopped, JobResult& result) const {
  FailureClass kind = failure.kind;
  result.error = failure.message;
  if (stopped == StopReason::User) {  // what it says of a stop it did not ask for is nothing
    kind = FailureClass::Cancelled;
    result.error = "Somebody cancelled it.";
  }
  result.status = statusOf(kind);
  result.failureClass = toText(kind);
  if (stopped == StopReason::Drain || stopped == StopReason::LeaseLost) {
    result.status = JobStatus::Ready;
    result.stoppedByHost = true;
    result.error = "The host stopped.";
  }
  if (kind == FailureClass::Config) {
    result.hold = {
        fmt::format("{}: {}", generation_->config.builder.plugin, toUtf8(failure.message)), {}};
    result.stoppedByHost = true;
  }
}

std::optional<JobProgress> JobRunner::takeProgress() {
  auto telling = telling_.lock();
  auto progress = telling->reports ? telling->reports->takeProgress() : std::nullopt;
  if (!progress) return std::nullopt;
  return JobProgress{telling->attempt, std::move(*progress)};
}

}  // namespace planwright
