#include "building/round_writer.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <set>
#include <system_error>
#include <unordered_map>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "base/until_done.h"
#include "store/blobs.h"
#include "store/one_line.h"
#include "store/plans.h"
#include "store/queue_rows.h"
#include "store/remote_jobs.h"

namespace planwright {

namespace {

bool hasEvents(const Round& round) {
  for (const auto& change : round.changes)
    if (!change.events.empty()) return true;
  return false;
}

/// What is away may come back: Postgres, or room on the disk.
bool isOutage(const std::exception& error) {
  return dynamic_cast<const Unavailable*>(&error) || dynamic_cast<const std::system_error*>(&error);
}

/// What all jobs of a round brought, one statement each.
struct Brought {
  std::vector<StagedBlob> blobs;
  std::vector<std::string> remoteOver, remoteUnwanted;  ///< tokens

  explicit Brought(const Round& round) {
    for (const auto& one : round.brought) {
      blobs.insert(blobs.end(), one.blobs.begin(), one.blobs.end());
      if (one.remoteEnd == RemoteEnd::IsOver) remoteOver.push_back(one.remoteToken);
      if (one.remoteEnd == RemoteEnd::IsUnwanted) remoteUnwanted.push_back(one.remoteToken);
    }
  }
};

/// How many statements write the round, without its starts: one alone needs no transaction.
int statementsOf(const Round& round, const Brought& brought) {
  const std::array isThere = {!brought.blobs.empty(),          !round.changes.empty(),
                              !round.finished.empty(),         !round.hold.empty(),
                              !round.learned.empty(),          !round.redone.empty(),
                              !round.results.empty(),          !brought.remoteOver.empty(),
                              !brought.remoteUnwanted.empty(), hasEvents(round)};
  return static_cast<int>(std::count(isThere.begin(), isThere.end(), true));
}

/// Why Postgres refuses what `write` writes. nullopt: it is written. An outage is thrown on.
template <class Write>
std::optional<std::string> whyRefused(Write write) {
  try {
    write();
    return std::nullopt;
  } catch (const Unavailable&) {
    throw;
  } catch (const std::system_error&) {
    throw;
  } catch (const std::exception& e) {
    return oneLine(e.what());
  }
}

}  // namespace

std::optional<RoundWriter::Written> RoundWriter::write(const Round& round, OpenBuilds& builds,
                                                       const std::stop_token& stop) {
  builds_ = &builds;
  Written written;
  std::vector<FinishedBuild> unstored;  // also of tries that an outage cut short
  isRepeated_ = false;
  const bool isWritten = untilDone("results of builds queue=" + queue_.name, stop, [&] {
    written = {};
    try {
      writeOnce(round, written);
    } catch (const std::exception& e) {
      isRepeated_ = true;
      // When the disk is full, no build is to blame. Otherwise one cannot be stored: find it.
      if (isOutage(e)) throw;
      log::error("a round of builds cannot be stored queue={}: {}", queue_.name, e.what());
      written = writeSingly(round, unstored);
    }
  });
  if (!isWritten) return std::nullopt;
  written.unstored = std::move(unstored);
  return written;
}

/// Each build by itself, so that one that cannot be stored ends and the others go on. The queue is
/// held before anything else: a host that dies meanwhile starts no job that should wait.
RoundWriter::Written RoundWriter::writeSingly(const Round& round,
                                              std::vector<FinishedBuild>& unstored) {
  std::set<BuildId> builds(round.inserted.begin(), round.inserted.end());
  for (const auto& brought : round.brought) builds.insert(brought.build);
  for (const auto& change : round.changes) builds.insert(change.build);
  for (const auto& start : round.starts) builds.insert(start.build);
  for (const auto& redo : round.redone) builds.insert(redo.build);
  for (const auto& finished : round.finished) builds.insert(finished.build);
  hold(round.hold);
  Written written;
  for (const auto id : builds) {
    Written part;
    if (const auto why = whyRefused([&] { writeOnce(partOf(round, id), part); })) {
      unstored.push_back(fail(round, id, *why));
      continue;
    }
    std::move(part.tasks.begin(), part.tasks.end(), std::back_inserter(written.tasks));
    std::move(part.failed.begin(), part.failed.end(), std::back_inserter(written.failed));
  }
  return written;
}

/// A reason that cannot be stored does not let the queue go on.
void RoundWriter::hold(const Hold& hold) {
  if (hold.empty()) return;
  QueueRows queue(connection_);
  const auto why =
      whyRefused([&] { queue.holdBuilding(queue_.name, hold.reason, hold.quarantined); });
  if (!why) return;
  log::error("the reason of a hold cannot be stored queue={}: {}", queue_.name, *why);
  queue.holdBuilding(queue_.name, "Its builder cannot go on; the host's log says why.", {});
}

/// Without what was learned: it is not worth an error.
Round RoundWriter::partOf(const Round& round, BuildId id) const {
  const auto of = [id](const auto& one) { return one.build == id; };
  const auto take = [](const auto& from, auto& to, const auto& which) {
    std::copy_if(from.begin(), from.end(), std::back_inserter(to), which);
  };
  Round part;
  take(round.brought, part.brought, of);
  take(round.changes, part.changes, of);
  take(round.inserted, part.inserted, [id](BuildId one) { return one == id; });
  take(round.starts, part.starts, of);
  take(round.finished, part.finished, of);
  take(round.redone, part.redone, of);
  if (const auto at = builds_->find(number(id)); at != builds_->end())
    take(round.results, part.results,
         [plan = number(at->second->plan().id)](const auto& entry) { return entry.plan == plan; });
  return part;
}

FinishedBuild RoundWriter::fail(const Round& round, BuildId id, const std::string& why) {
  FinishedBuild failed;
  for (const auto& finished : round.finished)
    if (finished.build == id) failed.plan = finished.plan, failed.fence = finished.fence;
  if (const auto at = builds_->find(number(id)); at != builds_->end()) {
    failed.plan = at->second->plan().id;
    failed.fence = at->second->plan().fence;
  }
  failed.build = id;
  failed.outcome = FinishedBuild::Outcome::Failed;
  failed.reasonCode = "internal";
  failed.error = "Its results could not be stored: " + why;
  const auto refusal = whyRefused([&] {
    Transaction transaction(connection_);
    Jobs(connection_).fail(failed, queue_.name);
    Plans(connection_).finish({failed}, queue_.name);
    transaction.commit();
  });
  if (refusal)  // its claim is given back as one that nobody knows
    log::error("build {} cannot even be failed: {}", number(id), *refusal);
  return failed;
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
  const Brought brought(round);
  const int statements = statementsOf(round, brought) + (starts.inserts.empty() ? 0 : 1) +
                         (starts.updates.empty() ? 0 : 1);
  if (statements == 0) return;
  stageManifests(round);
  std::unique_ptr<Transaction> transaction;
  if (statements > 1) transaction = std::make_unique<Transaction>(connection_);
  Jobs jobs(connection_);
  Blobs::record(connection_, brought.blobs);
  if (!round.hold.empty())
    QueueRows(connection_).holdBuilding(queue, round.hold.reason, round.hold.quarantined);
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
  if (!brought.remoteOver.empty()) RemoteJobs(connection_).end(brought.remoteOver);
  if (!brought.remoteUnwanted.empty()) RemoteJobs(connection_).withdraw(brought.remoteUnwanted);
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
  count(done.size(), (isRepeated_ ? 0 : refused) + round.finished.size() - done.size());
}

void RoundWriter::stageManifests(const Round& round) {
  if (round.finished.empty()) return;
  failpoint("manifest.before");
  for (const auto& build : round.finished)
    if (build.isLargeManifest) host_.blobs.stageBytes(build.manifest);
  failpoint("manifest.after");
}

void RoundWriter::count(std::size_t finished, std::size_t refused) {
  if (finished > 0)
    host_.metrics.add("planwright_items_finished_total",
                      {{"queue", buildList(queue_.name)}, {"outcome", "finished"}},
                      static_cast<double>(finished));
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
