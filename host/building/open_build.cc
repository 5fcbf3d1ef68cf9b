#include "building/open_build.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "artifacts/blob_store.h"
#include "artifacts/wheel_name.h"
#include "base/json.h"
#include "model/critical_path.h"

namespace planwright {
namespace {

constexpr double kNewest = 0.5;          // weight of the last run in the mean
constexpr double kWorthTelling = 0.25;   // part by which a duration must have changed to be written
constexpr double kLeastSeconds = 0.002;  // below that all are alike

std::vector<std::vector<int>> needsOf(const PlanDocument& document) {
  std::vector<std::vector<int>> needs;
  needs.reserve(document.jobs.size());
  for (const auto& job : document.jobs) needs.push_back(job.needs);
  return needs;
}

}  // namespace

OpenBuild::OpenBuild(ClaimedPlan plan, std::shared_ptr<const PlanDocument> document,
                     std::shared_ptr<const QueueGeneration> generation)
    : plan_(std::move(plan)),
      document_(std::move(document)),
      generation_(std::move(generation)),
      graph_(needsOf(*document_)),
      jobs_(document_->jobs.size()) {
  if (graph_.size() > 1) expect({});
}

std::vector<NewJob> OpenBuild::newJobs(const std::vector<bool>& running) const {
  std::vector<NewJob> rows;
  rows.reserve(document_->jobs.size());
  for (int position = 0; position < graph_.size(); ++position) {
    NewJob row;
    row.build = plan_.build;
    row.plan = plan_.id;
    row.fence = plan_.fence;
    row.name = job(position).name;
    row.position = position;
    JsonWriter needs;
    needs.array();
    for (const int need : job(position).needs) needs.value(job(need).name);
    row.needsJson = needs.end().take();
    row.status =
        running[static_cast<std::size_t>(position)] ? JobStatus::Running : graph_.status(position);
    row.maxAttempts = generation_->config.retry.attempts;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<JobTask> OpenBuild::task(int position, AttemptId attempt, int number) const {
  JobTask task;
  task.build = plan_.build;
  task.plan = plan_.id;
  task.fence = plan_.fence;
  task.position = position;
  task.id = id(position);
  task.attemptId = attempt;
  task.attempt = number;
  task.planDigest = plan_.digest;
  task.document = document_;
  task.generation = generation_;
  task.traceId = plan_.traceId;
  task.needsJson = needsJson(position);
  auto inputs = inputsFromJobs(position);
  if (!inputs) return inputs.error();
  task.inputs = std::move(*inputs);
  return task;
}

std::string OpenBuild::needsJson(int position) const {
  JsonWriter needs;
  needs.object();
  for (const int need : job(position).needs) {
    needs.key(job(need).name).object().key("outputs").object();
    for (const auto& output : outputs(need)) needs.member(output.name, output.digest);
    needs.end().end();
  }
  return needs.end().take();
}

Result<std::vector<JobOutput>> OpenBuild::inputsFromJobs(int position) const {
  std::vector<JobOutput> inputs;
  for (const auto& input : job(position).inputs) {
    if (input.job.empty()) continue;
    const auto producer = std::find_if(job(position).needs.begin(), job(position).needs.end(),
                                       [&](int need) { return job(need).name == input.job; });
    const auto& made = outputs(*producer);
    const auto found = std::find_if(made.begin(), made.end(),
                                    [&](const auto& o) { return o.name == input.output; });
    if (found == made.end())
      return notFound(fmt::format("The job {} left no file {}, which is the input {}.", input.job,
                                  input.output, input.path));
    inputs.push_back(*found);
  }
  return inputs;
}

void OpenBuild::expect(const std::map<std::string, double>& seconds) {
  std::vector<double> known;
  for (int position = 0; position < graph_.size(); ++position) {
    const auto at = seconds.find(job(position).name);
    if (at == seconds.end()) continue;
    jobs_[static_cast<std::size_t>(position)].seconds = at->second;
    known.push_back(at->second);
  }
  if (!known.empty()) {
    const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
    std::nth_element(known.begin(), middle, known.end());
    usual_ = *middle;
  }
  std::vector<double> expected;
  expected.reserve(jobs_.size());
  for (const auto& job : jobs_) expected.push_back(job.seconds < 0 ? usual_ : job.seconds);
  const auto paths = criticalPaths(needsOf(*document_), expected);
  for (std::size_t i = 0; i < jobs_.size(); ++i) jobs_[i].path = paths[i];
}

ReadyJob OpenBuild::ready(int position) const {
  const auto& known = jobs_[static_cast<std::size_t>(position)];
  const PlannedJob& planned = job(position);
  return {plan_.build,  position,           known.path, known.seconds < 0 ? usual_ : known.seconds,
          planned.cpus, planned.memoryBytes};
}

std::optional<double> OpenBuild::learn(int position, std::chrono::microseconds took) const {
  if (graph_.size() < 2) return std::nullopt;  // there is no order to choose
  const double now = std::max(static_cast<double>(took.count()) / 1e6, kLeastSeconds);
  const double before = jobs_[static_cast<std::size_t>(position)].seconds;
  if (before < 0) return now;
  const double mean = before + (now - before) * kNewest;
  if (std::abs(mean - before) < std::max(before * kWorthTelling, kLeastSeconds))
    return std::nullopt;
  return mean;
}

JobStatus OpenBuild::judge(JobResult& result) {
  if (isGood(result.status)) return result.status;
  if (isCancelled(result.position)) {
    result.failureClass = toText(FailureClass::Cancelled);
    result.error = "Somebody cancelled it.";
    return JobStatus::Cancelled;
  }
  if (result.stoppedByHost || result.status == JobStatus::Cancelled) return result.status;
  const auto& retry = generation_->config.retry;
  const int budget =
      result.isDeath ? retry.poisonAfter - 1 : retry.budget(failureClassFrom(result.failureClass));
  int& used = jobs_[static_cast<std::size_t>(result.position)].spent[result.counter()];
  if (used < budget) {
    ++used;
    return JobStatus::Ready;
  }
  if (result.isDeath) {
    result.failureClass = toText(FailureClass::Bug);
    result.error =
        fmt::format("Poison: {} processes of its plugin died with it. {}", used + 1, result.error);
  }
  return result.status == JobStatus::Ready ? JobStatus::Failed : result.status;
}

void OpenBuild::restore(const KnownJob& known) {
  Job& job = jobs_[static_cast<std::size_t>(known.position)];
  job.id = known.id;
  job.attempt = known.attempt;
  job.outputs = outputsFrom(known.outputsJson);
  // The states blocked and ready follow from the states of other jobs, so they are computed again.
  graph_.restore(known.position, isFinal(known.status) ? known.status : JobStatus::Blocked);
  const auto spent = parseJson(known.spentJson);
  if (!spent || !spent->IsObject()) return;
  for (const auto& member : spent->GetObject())
    if (member.value.IsInt()) job.spent[member.name.GetString()] = member.value.GetInt();
}

JobChange OpenBuild::change(int position) const {
  JobChange change;
  change.id = id(position);
  change.build = plan_.build;
  change.fence = plan_.fence;
  change.status = graph_.status(position);
  return change;
}

JobChange OpenBuild::ended(const JobResult& result) {
  Job& job = jobs_[static_cast<std::size_t>(result.position)];
  job.outputs = result.outputs;
  job.error = result.error;
  JobChange row = change(result.position);
  row.failureClass = result.failureClass;
  row.counter = result.counter();
  row.exitCode = result.exitCode;
  row.peakMemoryBytes = result.peakMemoryBytes;
  row.logBytes = result.logBytes;
  row.error = result.error;
  row.outputsJson = toJson(result.outputs);
  row.cacheJson = job.cacheNote;
  row.isSealed = result.isSealed;
  row.events = result.events;
  row.builder = generation_->config.builder.plugin;
  row.attempt = result.attemptId;
  row.extraAttempts = result.stoppedByHost ? 1 : 0;
  return row;
}

BuildManifest OpenBuild::manifest() const {
  BuildManifest manifest{number(plan_.build), plan_.digest, {}};
  for (int position = 0; position < graph_.size(); ++position)
    for (const auto& output : outputs(position))
      manifest.artifacts.push_back(
          {{}, output.name, job(position).name, output.digest, output.sizeBytes, output.mode});
  placeArtifacts(manifest.artifacts);
  return manifest;
}

/// If a job failed, the build failed. Otherwise, if somebody cancelled a job, the build is
/// cancelled.
void OpenBuild::describeFailure(FinishedBuild& end) const {
  end.outcome = FinishedBuild::Outcome::Failed;
  end.reasonCode = "job_failed";
  end.error = "A job failed.";
  for (int position = 0; position < graph_.size(); ++position) {
    const JobStatus status = graph_.status(position);
    if (status == JobStatus::Cancelled && end.outcome == FinishedBuild::Outcome::Failed) {
      end.outcome = FinishedBuild::Outcome::Cancelled;
      end.reasonCode = "cancelled";
      end.error = fmt::format("{} was cancelled.", job(position).name);
    }
    if (status != JobStatus::Failed && status != JobStatus::TimedOut) continue;
    end.outcome = FinishedBuild::Outcome::Failed;
    end.reasonCode = "job_failed";
    end.error = fmt::format("{} {}: {}", job(position).name,
                            status == JobStatus::Failed ? "failed" : "timed out",
                            jobs_[static_cast<std::size_t>(position)].error);
    return;
  }
}

std::vector<JobPlace> OpenBuild::running() const {
  std::vector<JobPlace> running;
  for (int job = 0; job < graph_.size(); ++job)
    if (graph_.status(job) == JobStatus::Running) running.push_back({plan_.build, job});
  return running;
}

FinishedBuild OpenBuild::endNow() const {
  FinishedBuild end;
  end.plan = plan_.id;
  end.fence = plan_.fence;
  end.build = plan_.build;
  end.jobsDone = graph_.good();
  end.jobsFailed = graph_.bad();
  return end;
}

FinishedBuild OpenBuild::giveBack() const {
  FinishedBuild end = endNow();
  end.outcome = FinishedBuild::Outcome::Later;
  end.countAttempt = false;
  return end;
}

FinishedBuild OpenBuild::finish() const {
  FinishedBuild end = endNow();
  if (cancelled_ && end.jobsFailed > 0) {
    end.outcome = FinishedBuild::Outcome::Cancelled;
    end.reasonCode = "cancelled";
    end.error = "Somebody cancelled the build.";
  } else if (end.jobsFailed > 0) {
    describeFailure(end);
  }
  const BuildManifest left = manifest();
  end.hasWheels =
      std::any_of(left.artifacts.begin(), left.artifacts.end(),
                  [](const Artifact& file) { return wheelName(file.name).has_value(); });
  end.manifest = left.json();
  end.manifestDigest = Digest::of(end.manifest);
  end.isLargeManifest = end.manifest.size() > kRowDocumentBytes;
  return end;
}

FinishedBuild unreadable(const ClaimedPlan& plan, const std::string& why) {
  FinishedBuild failed;
  failed.plan = plan.id;
  failed.fence = plan.fence;
  failed.build = plan.build;
  failed.outcome = FinishedBuild::Outcome::Failed;
  failed.reasonCode = "internal";
  failed.error = fmt::format("The build cannot be read: {}", why);
  return failed;
}

}  // namespace planwright
