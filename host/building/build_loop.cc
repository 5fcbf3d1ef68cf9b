#include "building/build_loop.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/backoff.h"
#include "base/failpoints.h"
#include "base/files.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "store/blobs.h"
#include "store/plans.h"

namespace planwright {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{64} << 20;

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

}  // namespace

BuildLoop::BuildLoop(const BuildParts& parts, Doors doors)
    : parts_(parts),
      doors_(std::move(doors)),
      connection_(parts.database.dedicated()),
      prefetch_(std::chrono::milliseconds(10)) {}

void BuildLoop::step(BuildMessage messages, const std::stop_token& stop) {
  Round round;
  touched_.clear();
  std::vector<ClaimedPlan> goingOn;
  for (auto& plan : messages.claimed) {
    // What must be read from Postgres or the blob store first may have to wait for them. A plan
    // that was claimed before may have an open build, also when that attempt did not count.
    if (plan.jobCount > 0 && (plan.fence > 1 || plan.onlyFailed || !plan.document))
      goingOn.push_back(std::move(plan));
    else
      open(std::move(plan), round);
  }
  if (!goingOn.empty()) restoreOrFail(goingOn, round, stop);
  std::vector<JobResult> ended = std::move(self_);
  self_.clear();
  std::move(messages.ended.begin(), messages.ended.end(), std::back_inserter(ended));
  for (auto& result : ended) end(std::move(result), round);
  for (const auto plan : messages.cancelled) cancel(plan, round);
  for (const auto& place : messages.cancelledJobs) cancel(place, round);
  const auto now = parts_.clock.steady();
  while (!later_.empty() && later_.begin()->first <= now) {
    ready_.push_back(later_.begin()->second);
    later_.erase(later_.begin());
  }
  chooseStarts(round);
  closeFinished(round);
  commit(round, stop);
}

std::chrono::milliseconds BuildLoop::untilDue() const {
  if (!self_.empty()) return std::chrono::milliseconds(0);
  if (later_.empty()) return std::chrono::seconds(1);
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(later_.begin()->first - parts_.clock.steady());
  return std::clamp(wait, std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
}

void BuildLoop::forget(std::size_t neverStarted) {
  running_ -= neverStarted;  // the others still come back
  builds_.clear();
  ready_.clear();
  later_.clear();
  self_.clear();
}

Result<std::shared_ptr<const PlanDocument>> BuildLoop::documentOf(const ClaimedPlan& plan) {
  static const auto kEmpty = std::make_shared<const PlanDocument>();
  if (plan.jobCount == 0) return kEmpty;
  std::string text;
  if (plan.document) {
    text = *plan.document;
  } else {
    const auto digest = Digest::parse(plan.digest);
    auto blob =
        digest ? parts_.blobs.open(*digest) : Result<UniqueFd>(notFound("its digest is malformed"));
    if (!blob) return blob.error();
    text = readAll(blob->get(), kLargestDocument);
  }
  auto document = PlanDocument::parseSealed(text);
  if (!document) return document.error();
  return std::make_shared<const PlanDocument>(std::move(*document));
}

void BuildLoop::open(ClaimedPlan plan, Round& round) {
  auto document = documentOf(plan);
  if (!document) {
    round.finished.push_back(unreadable(plan, document.error().message));
    return;
  }
  const BuildId id = plan.build;
  auto build = std::make_unique<OpenBuild>(std::move(plan), std::move(*document));
  const auto roots = build->graph().settle();
  touched_.push_back(id);
  if (build->graph().size() > 0) {
    round.inserted.push_back(id);
    if (build->plan().onlyFailed) reuse(*build, round);
    for (const int job : roots) ready_.push_back({id, job});
  }
  builds_[number(id)] = std::move(build);
}

/// Mode "failed": what succeeded in the build before is taken over, as cached.
void BuildLoop::reuse(OpenBuild& build, Round&) {
  for (const auto& known :
       Jobs(*connection_).succeededBefore(build.plan().id, build.plan().build)) {
    if (known.position >= build.graph().size()) continue;
    JobResult cached;
    cached.build = build.plan().build;
    cached.position = known.position;
    cached.status = JobStatus::Cached;
    cached.outputs = outputsFrom(known.outputsJson);
    build.hold(known.position);
    self_.push_back(std::move(cached));
  }
}

/// Reads what the builds have; waits for Postgres. A build that cannot be read for another reason
/// is failed.
void BuildLoop::restoreOrFail(const std::vector<ClaimedPlan>& plans, Round& round,
                              const std::stop_token& stop) {
  Backoff backoff;
  for (;;) {
    try {
      return restore(plans, round);
    } catch (const Unavailable& e) {
      log::warn("builds wait to go on queue={}: {}", parts_.queue.name, e.what());
      if (!sleepFor(backoff.next(), stop)) return;  // the claims go back when the instance ends
    } catch (const std::exception& e) {
      log::error("builds cannot go on queue={}: {}", parts_.queue.name, e.what());
      for (const auto& plan : plans) round.finished.push_back(unreadable(plan, e.what()));
      return;
    }
  }
}

void BuildLoop::restore(const std::vector<ClaimedPlan>& plans, Round& round) {
  failpoint("build.restore.before");
  Jobs jobs(*connection_);
  jobs.resetLost(plans);
  failpoint("build.restore.after");
  std::vector<BuildId> ids;
  for (const auto& plan : plans) ids.push_back(plan.build);
  std::unordered_map<std::int64_t, std::vector<KnownJob>> known;
  for (auto& job : jobs.load(ids)) known[number(job.build)].push_back(std::move(job));
  for (const auto& plan : plans) {
    const auto rows = known.find(number(plan.build));
    if (rows == known.end()) {  // it died before it wrote its jobs
      open(plan, round);
      continue;
    }
    auto document = documentOf(plan);
    if (!document) {
      open(plan, round);  // reports it
      continue;
    }
    auto build = std::make_unique<OpenBuild>(plan, std::move(*document));
    for (const auto& job : rows->second) {
      build->setId(job.position, job.id);
      build->setAttempt(job.position, job.attempt);
      build->setOutputs(job.position, outputsFrom(job.outputsJson));
      build->restoreSpent(job.position, job.spentJson);
      // Blocked and ready follow from the others; they are worked out anew.
      build->graph().restore(job.position, isFinal(job.status) ? job.status : JobStatus::Blocked);
    }
    std::vector<int> changed;
    for (const int job : build->graph().settle()) {
      const KnownJob& row = rows->second.at(static_cast<std::size_t>(job));
      if (row.status == JobStatus::Ready && build->graph().status(job) == JobStatus::Ready)
        later_.emplace(parts_.clock.steady() + row.dueIn, Start{plan.build, job});  // as it waited
      else
        changed.push_back(job);
    }
    touched_.push_back(plan.build);
    moved(*build, changed, round);
    builds_[number(plan.build)] = std::move(build);
  }
}

JobChange BuildLoop::change(const OpenBuild& build, int position) const {
  JobChange change;
  change.id = build.id(position);
  change.build = build.plan().build;
  change.fence = build.plan().fence;
  change.status = build.graph().status(position);
  return change;
}

/// Other jobs that an end moved: ready ones wait for a slot, dep_failed ones are written.
void BuildLoop::moved(OpenBuild& build, const std::vector<int>& changed, Round& round) {
  for (const int job : changed) {
    if (build.graph().status(job) == JobStatus::Ready) {
      ready_.push_back({build.plan().build, job});
    } else if (build.graph().status(job) == JobStatus::DepFailed) {
      JobChange row = change(build, job);
      row.error = "A job that it needs did not succeed.";
      round.changes.push_back(std::move(row));
      continue;
    }
    round.changes.push_back(change(build, job));
  }
}

void BuildLoop::end(JobResult result, Round& round) {
  const bool ran = number(result.attemptId) != 0;
  if (ran) --running_;
  const auto at = builds_.find(number(result.build));
  if (at == builds_.end()) {  // the claim was lost meanwhile
    if (ran) parts_.metrics.add("planwright_fenced_writes_total");
    return;
  }
  OpenBuild& build = *at->second;
  touched_.push_back(result.build);
  std::move(result.blobs.begin(), result.blobs.end(), std::back_inserter(round.blobs));
  if (!result.holdReason.empty()) round.holdReason = result.holdReason;
  const int job = result.position;
  if (isFinal(build.graph().status(job))) return;  // cancelled before it was taken over
  const auto& retry = parts_.queue.retry;
  const JobStatus status = build.judge(result, retry);
  std::vector<int> changed;
  if (status == JobStatus::Ready)
    build.graph().again(job);
  else
    changed = build.graph().finish(job, status);
  build.setOutputs(job, result.outputs);
  build.setError(job, result.error);
  JobChange row = change(build, job);
  row.failureClass = result.failureClass;
  row.exitCode = result.exitCode;
  row.peakMemoryBytes = result.peakMemoryBytes;
  row.error = result.error;
  row.outputsJson = toJson(result.outputs);
  row.attempt = result.attemptId;
  row.extraAttempts = result.stoppedByHost ? 1 : 0;
  if (status == JobStatus::Ready && !result.stoppedByHost) {
    row.retryIn =
        retryDelay(retry.first, retry.factor, retry.max, retry.jitter, build.attempt(job));
    parts_.metrics.add("planwright_retries_total",
                       {{"queue", buildList(parts_.queue.name)}, {"reason", result.failureClass}});
    later_.emplace(parts_.clock.steady() + row.retryIn, Start{result.build, job});
  }
  round.changes.push_back(std::move(row));
  moved(build, changed, round);
  if (ran) {
    prefetch_.finished(result.took);
    build.addWork(result.took);
  }
}

/// May be asked many times: a job may have been on its way to its thread when it was stopped.
void BuildLoop::cancel(PlanId plan, Round& round) {
  for (auto& [id, build] : builds_) {
    if (build->plan().id != plan) continue;
    build->cancel();
    for (const int job : build->graph().cancelWaiting()) {
      round.changes.push_back(change(*build, job));
      round.changes.back().error = "Its build was cancelled.";
    }
    touched_.push_back(build->plan().build);
    std::vector<JobPlace> running;
    for (int job = 0; job < build->graph().size(); ++job)
      if (build->graph().status(job) == JobStatus::Running)
        running.push_back({build->plan().build, job});
    doors_.stopJobs(running);
  }
}

void BuildLoop::cancel(const JobPlace& place, Round& round) {
  const auto at = builds_.find(number(place.build));
  if (at == builds_.end() || place.position >= at->second->graph().size()) return;
  OpenBuild& build = *at->second;
  const JobStatus status = build.graph().status(place.position);
  if (isFinal(status)) return;
  build.cancel(place.position);
  if (status == JobStatus::Running) return doors_.stopJobs({place});
  const auto changed = build.graph().finish(place.position, JobStatus::Cancelled);
  JobChange row = change(build, place.position);
  row.failureClass = toText(FailureClass::Cancelled);
  row.error = "Somebody cancelled it.";
  round.changes.push_back(std::move(row));
  touched_.push_back(place.build);
  moved(build, changed, round);
}

void BuildLoop::chooseStarts(Round& round) {
  if (draining_) return;
  const int slots = doors_.jobSlots();
  const std::size_t target = slots > 0 ? prefetch_.target(static_cast<std::size_t>(slots)) : 0;
  while (running_ < target && !ready_.empty()) {
    const Start start = ready_.front();
    ready_.pop_front();
    const auto at = builds_.find(number(start.build));
    if (at == builds_.end() || at->second->graph().status(start.position) != JobStatus::Ready ||
        at->second->isHeld(start.position))
      continue;
    at->second->graph().start(start.position);
    round.starts.push_back(start);
    ++running_;
  }
}

void BuildLoop::closeFinished(Round& round) {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const auto id : touched_) {
    const auto at = builds_.find(number(id));
    if (at == builds_.end() || !at->second->graph().isOver()) continue;
    round.finished.push_back(at->second->finish());
  }
  if (!draining_ || running_ > 0) return;
  for (const auto& [id, build] : builds_) {  // nothing runs any more: the rest goes back
    if (build->graph().isOver()) continue;
    FinishedBuild later;
    later.plan = build->plan().id;
    later.fence = build->plan().fence;
    later.build = build->plan().build;
    later.outcome = FinishedBuild::Outcome::Later;
    later.jobsDone = build->graph().good();
    later.jobsFailed = build->graph().bad();
    later.countAttempt = false;
    round.finished.push_back(std::move(later));
  }
}

void BuildLoop::commit(Round& round, const std::stop_token& stop) {
  Backoff backoff;
  std::vector<JobTask> tasks;
  const std::size_t failedBefore = self_.size();
  for (;;) {
    try {
      tasks.clear();
      write(round, tasks);
      isRepeated_ = false;
      break;
    } catch (const Unavailable& e) {
      log::warn("holding results of builds queue={}: {}", parts_.queue.name, e.what());
    } catch (const std::exception& e) {
      log::error("a round of builds cannot be stored queue={}: {}", parts_.queue.name, e.what());
    }
    isRepeated_ = true;
    if (!sleepFor(backoff.next(), stop)) return;
  }
  // Starts that were refused, since the claim was lost meanwhile, hold no slot.
  running_ -= round.starts.size() - (tasks.size() + self_.size() - failedBefore);
  std::vector<PlanId> released;
  std::chrono::microseconds work{0};
  for (const auto& build : round.finished) {
    released.push_back(build.plan);
    if (const auto at = builds_.find(number(build.build)); at != builds_.end())
      work += at->second->work();
    builds_.erase(number(build.build));
    if (build.outcome == FinishedBuild::Outcome::Failed)
      log::info("failed plan={} build={}: {}", number(build.plan), number(build.build),
                build.error);
    else
      log::debug("finished plan={} build={}", number(build.plan), number(build.build));
  }
  if (!tasks.empty()) doors_.startJobs(std::move(tasks));
  if (!released.empty()) doors_.released(released, work);
  if (!round.changes.empty() || !round.newJobs.empty() || !round.finished.empty() ||
      !round.starts.empty() || !round.inserted.empty())
    parts_.bell.ring();
}

void BuildLoop::write(const Round& round, std::vector<JobTask>& tasks) {
  const InstanceId instance{parts_.membership.instance()};
  const std::string& queue = parts_.queue.name;
  std::vector<NewJob> newJobs;
  std::vector<JobStart> starts;
  std::vector<Start> startAt;
  std::unordered_map<std::int64_t, std::vector<bool>> running;
  for (const auto id : round.inserted)
    running[number(id)].resize(static_cast<std::size_t>(builds_.at(number(id))->graph().size()));
  for (const auto& start : round.starts) {
    if (const auto fresh = running.find(number(start.build)); fresh != running.end()) {
      fresh->second[static_cast<std::size_t>(start.position)] =
          true;  // inserted as running: one statement less
      continue;
    }
    const OpenBuild& build = *builds_.at(number(start.build));
    starts.push_back({build.id(start.position), start.build, build.plan().fence});
    startAt.push_back(start);
  }
  for (const auto id : round.inserted) {
    auto rows = builds_.at(number(id))->newJobs(running[number(id)], parts_.queue.retry.attempts);
    std::move(rows.begin(), rows.end(), std::back_inserter(newJobs));
  }
  const int statements = (round.blobs.empty() ? 0 : 1) + (round.changes.empty() ? 0 : 1) +
                         (newJobs.empty() ? 0 : 1) + (starts.empty() ? 0 : 1) +
                         (round.finished.empty() ? 0 : 1) + (round.holdReason.empty() ? 0 : 1);
  if (statements == 0) return;
  if (!round.finished.empty()) failpoint("manifest.before");
  for (const auto& build : round.finished)
    if (build.isLargeManifest) parts_.blobs.stageBytes(build.manifest);
  if (!round.finished.empty()) failpoint("manifest.after");
  std::unique_ptr<Transaction> transaction;
  if (statements > 1) transaction = std::make_unique<Transaction>(*connection_);
  Jobs jobs(*connection_);
  Blobs::record(*connection_, round.blobs);
  if (!round.holdReason.empty())
    connection_->run("queue_hold", {queue, std::nullopt, round.holdReason});
  if (!round.changes.empty()) failpoint("job.commit.before");
  std::size_t refused = 0;
  if (!round.changes.empty()) refused = round.changes.size() - jobs.change(round.changes, queue);
  if (!newJobs.empty() || !starts.empty()) failpoint("job.start.before");
  std::vector<InsertedJob> inserted;
  if (!newJobs.empty()) inserted = jobs.insert(newJobs, instance, queue);
  std::vector<StartedJob> started;
  if (!starts.empty()) started = jobs.start(starts, instance, queue);
  std::vector<PlanId> done;
  if (!round.finished.empty()) failpoint("build.commit.before");
  if (!round.finished.empty()) done = Plans(*connection_).finish(round.finished, queue);
  if (transaction) transaction->commit();
  if (!round.changes.empty()) failpoint("job.commit.after");
  if (!newJobs.empty() || !starts.empty()) failpoint("job.start.after");
  if (!round.finished.empty()) failpoint("build.commit.after");
  if (inserted.size() < newJobs.size())
    inserted = Jobs(*connection_).inserted(round.inserted, instance);
  takeIds(inserted, tasks);
  for (const auto& job : started) {
    const auto at =
        std::find_if(starts.begin(), starts.end(), [&](const auto& s) { return s.id == job.id; });
    const Start& start = startAt[static_cast<std::size_t>(at - starts.begin())];
    makeTask(*builds_.at(number(start.build)), start.position, job.attemptId, job.attempt, tasks);
  }
  if (!done.empty())
    parts_.metrics.add("planwright_items_finished_total",
                       {{"queue", buildList(queue)}, {"outcome", "finished"}},
                       static_cast<double>(done.size()));
  refused = (isRepeated_ ? 0 : refused) + round.finished.size() - done.size();
  if (refused > 0)
    parts_.metrics.add("planwright_fenced_writes_total", {}, static_cast<double>(refused));
}

void BuildLoop::takeIds(const std::vector<InsertedJob>& inserted, std::vector<JobTask>& tasks) {
  for (const auto& row : inserted) {
    OpenBuild& build = *builds_.at(number(row.build));
    build.setId(row.position, row.id);
    if (number(row.attempt) != 0) makeTask(build, row.position, row.attempt, 1, tasks);
  }
}

void BuildLoop::makeTask(OpenBuild& build, int position, AttemptId attempt, int number,
                         std::vector<JobTask>& tasks) {
  build.setAttempt(position, number);
  auto task = build.task(position, attempt, number);
  if (task) {
    tasks.push_back(std::move(*task));
    return;
  }
  JobResult failed;
  failed.build = build.plan().build;
  failed.position = position;
  failed.attemptId = attempt;
  failed.status = JobStatus::Failed;
  failed.failureClass = toText(FailureClass::Failed);
  failed.error = task.error().message;
  self_.push_back(std::move(failed));
}

}  // namespace planwright
