#include "building/round_writer.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "base/backoff.h"
#include "base/failpoints.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/unavailable.h"
#include "store/blobs.h"
#include "store/plans.h"
#include "store/remote_jobs.h"

namespace planwright {

namespace {

bool hasEvents(const Round& round) {
  for (const auto& change : round.changes)
    if (!change.events.empty()) return true;
  return false;
}

}  // namespace

std::optional<RoundWriter::Written> RoundWriter::write(const Round& round, OpenBuilds& builds,
                                                       const std::stop_token& stop) {
  builds_ = &builds;
  Backoff backoff;
  for (;;) {
    Written written;
    try {
      writeOnce(round, written);
      isRepeated_ = false;
      return written;
    } catch (const Unavailable& e) {
      log::warn("holding results of builds queue={}: {}", queue_.name, e.what());
    } catch (const std::exception& e) {
      log::error("a round of builds cannot be stored queue={}: {}", queue_.name, e.what());
    }
    isRepeated_ = true;
    if (!sleepFor(backoff.next(), stop)) return std::nullopt;
  }
}

/// Jobs of new builds are inserted with the status running, which saves a statement. The others are
/// updated.
struct RoundWriter::Starts {
  std::vector<NewJob> inserts;
  std::vector<JobStart> updates;
  std::unordered_map<std::int64_t, JobPlace> places;  ///< of the updates, by job
};

RoundWriter::Starts RoundWriter::sortStarts(const Round& round) const {
  Starts starts;
  std::unordered_map<std::int64_t, std::vector<bool>> running;
  for (const auto id : round.inserted)
    running[number(id)].resize(static_cast<std::size_t>(build(id).graph().size()));
  for (const auto& start : round.starts) {
    if (const auto fresh = running.find(number(start.build)); fresh != running.end()) {
      fresh->second[static_cast<std::size_t>(start.position)] = true;
      continue;
    }
    const OpenBuild& of = build(start.build);
    starts.updates.push_back({of.id(start.position), start.build, of.plan().fence});
    starts.places.emplace(number(of.id(start.position)), start);
  }
  for (const auto id : round.inserted) {
    auto rows = build(id).newJobs(running[number(id)]);
    std::move(rows.begin(), rows.end(), std::back_inserter(starts.inserts));
  }
  return starts;
}

std::vector<BuildProgress> RoundWriter::progressOf(const Round& round) const {
  std::vector<std::int64_t> ids;
  for (const auto& change : round.changes) ids.push_back(number(change.build));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::vector<BuildProgress> progress;
  for (const auto id : ids) {
    const bool isEnding = std::any_of(round.finished.begin(), round.finished.end(),
                                      [&](const auto& end) { return number(end.build) == id; });
    const auto at = builds_->find(id);
    if (isEnding || at == builds_->end()) continue;  // its end says it
    const JobGraph& graph = at->second->graph();
    progress.push_back({BuildId{id}, at->second->plan().fence, graph.good(), graph.bad()});
  }
  return progress;
}

void RoundWriter::writeOnce(const Round& round, Written& written) {
  const InstanceId instance{host_.membership.instance()};
  const std::string& queue = queue_.name;
  const Starts starts = sortStarts(round);
  const bool isStarting = !starts.inserts.empty() || !starts.updates.empty();
  const int statements = (round.blobs.empty() ? 0 : 1) + (round.changes.empty() ? 0 : 1) +
                         (starts.inserts.empty() ? 0 : 1) + (starts.updates.empty() ? 0 : 1) +
                         (round.finished.empty() ? 0 : 1) + (round.holdReason.empty() ? 0 : 1) +
                         (round.learned.empty() ? 0 : 1) + (round.redone.empty() ? 0 : 1) +
                         (round.results.empty() ? 0 : 1) + (round.remoteOver.empty() ? 0 : 1) +
                         (round.remoteUnwanted.empty() ? 0 : 1) + (hasEvents(round) ? 1 : 0);
  if (statements == 0) return;
  if (!round.finished.empty()) failpoint("manifest.before");
  for (const auto& build : round.finished)
    if (build.isLargeManifest) host_.blobs.stageBytes(build.manifest);
  if (!round.finished.empty()) failpoint("manifest.after");
  std::unique_ptr<Transaction> transaction;
  if (statements > 1) transaction = std::make_unique<Transaction>(connection_);
  Jobs jobs(connection_);
  Blobs::record(connection_, round.blobs);
  if (!round.holdReason.empty())
    connection_.run("queue_hold", {queue, std::nullopt, round.holdReason});
  if (!round.redone.empty()) jobs.redo(round.redone, queue);
  if (!round.changes.empty()) failpoint("job.commit.before");
  std::size_t refused = 0;
  if (!round.changes.empty())
    refused = round.changes.size() - jobs.change(round.changes, progressOf(round), queue);
  if (isStarting) failpoint("job.start.before");
  std::vector<InsertedJob> inserted;
  if (!starts.inserts.empty()) inserted = jobs.insert(starts.inserts, instance, queue);
  std::vector<StartedJob> started;
  if (!starts.updates.empty()) started = jobs.start(starts.updates, instance, queue);
  std::vector<PlanId> done;
  if (!round.finished.empty()) failpoint("build.commit.before");
  if (!round.finished.empty()) done = Plans(connection_).finish(round.finished, queue);
  if (!round.results.empty()) JobCache(connection_, host_.blobs).record(round.results);
  if (!round.remoteOver.empty()) RemoteJobs(connection_).end(round.remoteOver);
  if (!round.remoteUnwanted.empty()) RemoteJobs(connection_).withdraw(round.remoteUnwanted);
  if (!round.learned.empty()) jobs.learn(queue, round.learned);
  if (transaction) transaction->commit();
  if (!round.changes.empty()) failpoint("job.commit.after");
  if (isStarting) failpoint("job.start.after");
  if (!round.finished.empty()) failpoint("build.commit.after");
  if (inserted.size() < starts.inserts.size())
    inserted = Jobs(connection_).inserted(round.inserted, instance);
  takeIds(inserted, written);
  for (const auto& job : started)
    makeTask(starts.places.at(number(job.id)), job.attemptId, job.attempt, written);
  if (!done.empty())
    host_.metrics.add("planwright_items_finished_total",
                      {{"queue", buildList(queue)}, {"outcome", "finished"}},
                      static_cast<double>(done.size()));
  refused = (isRepeated_ ? 0 : refused) + round.finished.size() - done.size();
  if (refused > 0)
    host_.metrics.add("planwright_fenced_writes_total", {}, static_cast<double>(refused));
}

void RoundWriter::takeIds(const std::vector<InsertedJob>& inserted, Written& written) {
  for (const auto& row : inserted) {
    build(row.build).setId(row.position, row.id);
    if (number(row.attempt) != 0) makeTask({row.build, row.position}, row.attempt, 1, written);
  }
}

void RoundWriter::makeTask(const JobPlace& place, AttemptId attempt, int number, Written& written) {
  OpenBuild& of = build(place.build);
  of.setAttempt(place.position, number);
  auto task = of.task(place.position, attempt, number);
  if (task) {
    written.tasks.push_back(std::move(*task));
    return;
  }
  JobResult failed;
  failed.build = place.build;
  failed.position = place.position;
  failed.attemptId = attempt;
  failed.status = JobStatus::Failed;
  failed.failureClass = toText(FailureClass::Failed);
  failed.error = task.error().message;
  written.failed.push_back(std::move(failed));
}

}  // namespace planwright
