#include "building/build_loop.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "base/until_done.h"

namespace planwright {

BuildLoop::BuildLoop(const Host& host, LiveQueue& queue, BuildStore& store, Doors& doors)
    : host_(host),
      queue_(queue),
      doors_(doors),
      store_(store),
      line_(store, builds_, pool_) {}

/// What builds share; each of them keeps its own generation for the rest.
void BuildLoop::refresh() {
  auto newest = queue_.now();
  if (newest == generation_) return;
  generation_ = std::move(newest);
  pool_.refresh(generation_->config);
}

void BuildLoop::step(BuildMessage messages, const std::stop_token& stop) {
  refresh();
  Round round;
  touched_.clear();
  line_.addFreed();  // by the ends of the rounds before, which are committed
  // Results that opening a build adds here are handled in the next round, because the jobs must
  // have rows first.
  std::vector<JobResult> ended = std::exchange(self_, {});
  std::vector<ClaimedPlan> goingOn;
  for (auto& plan : messages.claimed) {
    // A build that needs data from Postgres or the blob store may have to wait for them. A plan
    // that was claimed before may have an open build, even if that attempt did not count.
    if (plan.jobCount > 0 && (plan.fence > 1 || plan.onlyFailed || !plan.document))
      goingOn.push_back(std::move(plan));
    else
      open(std::move(plan), round);
  }
  if (!goingOn.empty()) restoreOrFail(goingOn, round, stop);
  std::move(messages.ended.begin(), messages.ended.end(), std::back_inserter(ended));
  for (auto& result : ended) end(std::move(result), round);
  for (const auto plan : messages.cancelled) cancel(plan, round);
  for (const auto& place : messages.cancelledJobs) cancel(place, round);
  for (const auto& place : messages.read) line_.wasRead(place);
  for (const auto& place : pool_.takeDue(host_.clock.steady())) line_.add(place);
  lineUp(round);
  round.starts = pool_.start(builds_, draining_ ? 0 : doors_.jobSlots());
  closeFinished(round);
  commit(round, stop);
}

std::chrono::milliseconds BuildLoop::untilDue() const {
  if (!self_.empty() || pool_.hasFreed()) return std::chrono::milliseconds(0);
  const auto due = pool_.nextDue();
  if (!due) return std::chrono::seconds(1);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*due - host_.clock.steady());
  return std::clamp(wait, std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
}

void BuildLoop::endTrial(OpenBuild& build, bool isGood) {
  if (!build.trial) return;
  queue_.tried(build.trial, isGood ? LiveQueue::TrialEnd::Passed : LiveQueue::TrialEnd::Undecided);
  build.trial.reset();
}

void BuildLoop::forget(const std::vector<JobPlace>& neverStarted) {
  for (auto& [id, build] : builds_) endTrial(*build, false);
  for (const auto& place : neverStarted) pool_.ended(place);
  pool_.forgetWaiting();
  builds_.clear();
  line_.forgetAll();
  self_.clear();
}

void BuildLoop::open(ClaimedPlan plan, Round& round) {
  auto document = store_.document(plan);
  if (!document) {
    round.finished.push_back(unreadable(plan, document.error().message));
    return;
  }
  const BuildId id = plan.build;
  auto trial = queue_.tryOut(LiveQueue::Stage::Build);
  auto build = std::make_unique<OpenBuild>(std::move(plan), std::move(*document),
                                           trial ? trial : generation_);
  build->trial = std::move(trial);
  const auto roots = build->graph().settle();
  if (build->plan().onlyFailed) reuse(*build);
  touched_.push_back(id);
  if (build->graph().size() > 0) {
    line_.opened(id);
    round.inserted.push_back(id);
    for (const int job : roots) line_.add({id, job});
  }
  builds_[number(id)] = std::move(build);
}

/// Mode "failed": a job that succeeded in the build before is taken over as cached, if all of its
/// outputs still exist.
void BuildLoop::reuse(OpenBuild& build) {
  const auto known = store_.succeededBefore(build.plan());
  for (const auto& job : known) {
    if (job.position >= build.graph().size()) continue;
    const JobPlace place{build.plan().build, job.position};
    JobResult cached = cachedEnd(place, job.outputsJson, job.isSealed);
    std::vector<std::string> digests;
    for (const auto& output : cached.outputs) digests.push_back(output.digest);
    if (!store_.lost(digests).empty()) continue;
    build.setCache(job.position, {}, cacheNote("hit", "It succeeded in the build before.", {}, {}));
    build.hold(job.position);
    self_.push_back(std::move(cached));
  }
}

/// Reads the data of these builds, and waits for Postgres. A build that cannot be read for another
/// reason fails.
void BuildLoop::restoreOrFail(const std::vector<ClaimedPlan>& plans, Round& round,
                              const std::stop_token& stop) {
  // After a stop, the claims go back when the instance ends.
  untilDone("builds that go on queue=" + queue_.name, stop, [&] {
    try {
      restore(plans, round);
    } catch (const Unavailable&) {
      throw;
    } catch (const std::exception& e) {
      log::error("builds cannot go on queue={}: {}", queue_.name, e.what());
      for (const auto& plan : plans) round.finished.push_back(unreadable(plan, e.what()));
    }
  });
}

void BuildLoop::restore(const std::vector<ClaimedPlan>& plans, Round& round) {
  const auto known = store_.takeOver(plans);
  for (const auto& plan : plans) {
    const auto rows = known.find(number(plan.build));
    if (rows == known.end())  // it died before it wrote its jobs
      open(plan, round);
    else
      restore(plan, rows->second, round);
  }
}

void BuildLoop::restore(const ClaimedPlan& plan, const std::vector<KnownJob>& rows, Round& round) {
  auto document = store_.document(plan);
  if (!document) return open(plan, round);  // reports it
  auto build = std::make_unique<OpenBuild>(plan, std::move(*document), generation_);
  for (const auto& job : rows) build->restore(job);
  std::vector<int> changed;
  for (const int job : build->graph().settle()) {
    const KnownJob& row = rows.at(static_cast<std::size_t>(job));
    if (row.status == JobStatus::Ready && build->graph().status(job) == JobStatus::Ready)
      pool_.addAt(host_.clock.steady() + row.dueIn, {plan.build, job});  // as it waited
    else
      changed.push_back(job);
  }
  touched_.push_back(plan.build);
  line_.opened(plan.build);
  moved(*build, changed, round);
  builds_[number(plan.build)] = std::move(build);
}

/// The end of a job changes other jobs: those that become ready wait for a slot, and those that
/// become dep_failed are written.
void BuildLoop::moved(OpenBuild& build, const std::vector<int>& changed, Round& round) {
  for (const int job : changed) {
    if (build.graph().status(job) == JobStatus::Ready) {
      line_.add({build.plan().build, job});
    } else if (build.graph().status(job) == JobStatus::DepFailed) {
      JobChange row = build.change(job);
      row.error = "A job that it needs did not succeed.";
      round.change(std::move(row));
      continue;
    }
    round.change(build.change(job));
  }
}

/// The builder is on trial and broke down. That is not the job's fault, so the job runs again with
/// the builder in force.
bool BuildLoop::failedTrial(OpenBuild& build, const JobResult& result) {
  const bool isBroken = result.failureClass == toText(FailureClass::Bug) ||
                        result.failureClass == toText(FailureClass::Config) ||
                        result.failureClass == toText(FailureClass::Infra);
  if (!isBroken || result.stoppedByHost == result.hold.empty()) return false;
  if (!build.trial)  // or another job of the build saw it first
    return result.generation != 0 && result.generation != build.generation().number;
  queue_.tried(build.trial, LiveQueue::TrialEnd::Failed,
               fmt::format("Build {}: {}", number(result.build), result.error));
  build.trial.reset();
  build.changeGeneration(generation_);
  return true;
}

void BuildLoop::end(JobResult result, Round& round) {
  const bool ran = number(result.attemptId) != 0;
  if (ran) pool_.ended({result.build, result.position});
  const auto at = builds_.find(number(result.build));
  if (at == builds_.end()) {  // the claim was lost meanwhile
    if (ran) host_.metrics.add("planwright_fenced_writes_total");
    return;
  }
  OpenBuild& build = *at->second;
  touched_.push_back(result.build);
  if (!result.blobs.empty() || result.remoteEnd != RemoteEnd::Stays)
    round.brought.push_back({.build = result.build,
                             .blobs = std::move(result.blobs),
                             .remoteToken = result.remoteToken,
                             .remoteEnd = result.remoteEnd});
  const int job = result.position;
  if (isFinal(build.graph().status(job))) return;  // cancelled before it was taken over
  if (result.lostFrom >= 0 && !build.isCancelled(job) && build.mayRedo(result.lostFrom))
    return redo(build, result, round);
  const bool isAgain = failedTrial(build, result);
  if (isAgain) {
    result.hold = {};
    result.stoppedByHost = true;  // it does not count
    line_.add({result.build, job});
  }
  if (!result.hold.empty()) round.hold = result.hold;
  const JobStatus status = isAgain              ? JobStatus::Ready
                           : result.isFromCache ? result.status
                                                : build.judge(result);
  std::vector<int> changed;
  if (status == JobStatus::Ready)
    build.graph().again(job);
  else
    changed = build.graph().finish(job, status);
  JobChange row = build.ended(result);
  if (status == JobStatus::Ready && !result.stoppedByHost) retry(build, result, row);
  round.change(std::move(row));
  moved(build, changed, round);
  if (!ran) return;
  pool_.took(result.took);
  build.addWork(result.took);
  if (auto entry = store_.cacheEntry(build, result)) round.results.push_back(std::move(*entry));
  if (status != JobStatus::Succeeded) return;
  if (const auto seconds = build.learn(job, result.took))
    round.learned[build.job(job).name] = *seconds;
}

/// An output of another job is gone. So the other job runs again, and then this one.
void BuildLoop::redo(OpenBuild& build, const JobResult& result, Round& round) {
  build.graph().block(result.position);
  JobChange row = build.change(result.position);
  row.failureClass = toText(FailureClass::Infra);
  row.error = result.error;
  row.attempt = result.attemptId;
  row.extraAttempts = 1;
  round.change(std::move(row));
  const int producer = result.lostFrom;
  if (!isGood(build.graph().status(producer))) return;  // it is on its way already
  for (const int waiting : build.graph().redo(producer)) round.change(build.change(waiting));
  build.hold(producer, false);
  build.setCache(producer, {}, {});
  round.redone.push_back({build.id(producer), build.plan().build, build.plan().fence,
                          "What it left is gone: " + result.error});
  line_.add({build.plan().build, producer});
}

/// The job waits, and then runs again.
void BuildLoop::retry(OpenBuild& build, const JobResult& result, JobChange& row) {
  const auto& retry = build.generation().config.retry;
  row.retryIn = retryDelay(retry.first, retry.factor, retry.max, retry.jitter,
                           build.attempt(result.position));
  host_.metrics.add("planwright_retries_total",
                    {{"queue", buildList(queue_.name)}, {"reason", result.failureClass}});
  pool_.addAt(host_.clock.steady() + row.retryIn, {result.build, result.position});
}

/// May be called many times, because a job that is stopped may not have reached its thread yet.
void BuildLoop::cancel(PlanId plan, Round& round) {
  for (auto& [id, build] : builds_) {
    if (build->plan().id != plan) continue;
    build->cancel();
    for (const int job : build->graph().cancelWaiting()) {
      JobChange row = build->change(job);
      row.error = "Its build was cancelled.";
      round.change(std::move(row));
    }
    touched_.push_back(build->plan().build);
    doors_.stopJobs(build->running());
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
  JobChange row = build.change(place.position);
  row.failureClass = toText(FailureClass::Cancelled);
  row.error = "Somebody cancelled it.";
  round.change(std::move(row));
  touched_.push_back(place.build);
  moved(build, changed, round);
}

/// Jobs that became ready wait for a slot, unless the cache has their results. If this round
/// inserts the rows of their build, such results are handled in the next round.
void BuildLoop::lineUp(Round& round) {
  line_.readDurations();
  while (!line_.isEmpty()) {
    CachedAnswers answers = line_.moveOn();
    if (!answers.unread.empty()) doors_.read(std::move(answers.unread));
    for (auto& result : answers.ends) {
      const bool isNew = std::find(round.inserted.begin(), round.inserted.end(), result.build) !=
                         round.inserted.end();
      if (isNew)
        self_.push_back(std::move(result));
      else
        end(std::move(result), round);
    }
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
  if (!draining_ || pool_.running() > 0) return;
  for (const auto& [id, build] : builds_)  // nothing runs any more: the rest goes back
    if (!build->graph().isOver()) round.finished.push_back(build->giveBack());
}

void BuildLoop::commit(const Round& round, const std::stop_token& stop) {
  auto written = store_.write(round, builds_, stop);
  if (!written) return;
  // A start that was refused, because the claim was lost meanwhile, takes no slot.
  if (written->tasks.size() + written->failed.size() < round.starts.size()) {
    std::vector<JobPlace> made;
    for (const auto& task : written->tasks) made.push_back({task.build, task.position});
    for (const auto& result : written->failed) made.push_back({result.build, result.position});
    for (const auto& start : round.starts)
      if (std::find(made.begin(), made.end(), start) == made.end()) pool_.ended(start);
  }
  std::move(written->failed.begin(), written->failed.end(), std::back_inserter(self_));
  for (auto& task : written->tasks) task.isUrgent = pool_.isUrgent({task.build, task.position});
  if (!written->tasks.empty()) doors_.startJobs(std::move(written->tasks));
  release(written->unstored);
  release(round.finished);
  if (!round.changes.empty() || !round.finished.empty() || !round.starts.empty() ||
      !round.inserted.empty())
    host_.bell.ring();
}

/// Finished builds make room for others.
void BuildLoop::release(const std::vector<FinishedBuild>& finished) {
  std::vector<PlanId> released;
  std::chrono::microseconds work{0};
  for (const auto& build : finished) {
    released.push_back(build.plan);
    if (const auto at = builds_.find(number(build.build)); at != builds_.end()) {
      work += at->second->work();
      if (const auto running = at->second->running(); !running.empty()) doors_.stopJobs(running);
      endTrial(*at->second, build.outcome == FinishedBuild::Outcome::Built);
      builds_.erase(at);
    }
    if (build.outcome == FinishedBuild::Outcome::Failed)
      log::info("failed plan={} build={}: {}", number(build.plan), number(build.build),
                build.error);
    else
      log::debug("finished plan={} build={}", number(build.plan), number(build.build));
  }
  if (!released.empty()) doors_.released(released, work);
}

}  // namespace planwright
