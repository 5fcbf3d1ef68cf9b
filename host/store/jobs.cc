#include "store/jobs.h"

#include <unordered_map>

#include "store/pg_array.h"
#include "store/reported_events.h"

namespace planwright {
namespace {

/// Rows (build, position, job, 0), and (0, 0, job, attempt) for those that have one.
std::vector<InsertedJob> insertedFrom(const Rows& rows) {
  std::vector<InsertedJob> inserted;
  std::unordered_map<std::int64_t, std::int64_t> attempts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.number(i, "build_id") == 0)
      attempts[rows.number(i, "id")] = rows.number(i, "attempt");
    else
      inserted.push_back({BuildId{rows.number(i, "build_id")},
                          static_cast<int>(rows.number(i, "position")),
                          JobId{rows.number(i, "id")},
                          {}});
  }
  for (auto& job : inserted)
    if (const auto at = attempts.find(number(job.id)); at != attempts.end())
      job.attempt = AttemptId{at->second};
  return inserted;
}

}  // namespace

std::vector<InsertedJob> Jobs::insert(const std::vector<NewJob>& jobs, InstanceId instance,
                                      const std::string& queue) {
  PgArray builds, plans, fences, names, positions, needs, statuses, attempts;
  for (const auto& job : jobs) {
    builds.add(number(job.build));
    plans.add(number(job.plan));
    fences.add(job.fence);
    names.add(job.name);
    positions.add(std::int64_t{job.position});
    needs.add(job.needsJson);
    statuses.add(toText(job.status));
    attempts.add(std::int64_t{job.maxAttempts});
  }
  const Rows rows = connection_.run(
      "insert_jobs", {builds.take(), plans.take(), fences.take(), names.take(), positions.take(),
                      needs.take(), statuses.take(), attempts.take(), number(instance), queue});
  return insertedFrom(rows);
}

std::vector<InsertedJob> Jobs::inserted(const std::vector<BuildId>& builds, InstanceId instance) {
  PgArray ids;
  for (const auto build : builds) ids.add(number(build));
  const Rows rows = connection_.run("inserted_before", {ids.take(), number(instance)});
  return insertedFrom(rows);
}

std::vector<KnownJob> Jobs::load(const std::vector<BuildId>& builds) {
  PgArray ids;
  for (const auto build : builds) ids.add(number(build));
  const Rows rows = connection_.run("load_jobs", {ids.take()});
  std::vector<KnownJob> known(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    known[i] = {BuildId{rows.number(i, "build_id")},
                JobId{rows.number(i, "id")},
                static_cast<int>(rows.number(i, "position")),
                jobStatusFrom(rows.text(i, "status")),
                static_cast<int>(rows.number(i, "attempt")),
                rows.text(i, "outputs"),
                std::chrono::milliseconds(static_cast<std::int64_t>(rows.real(i, "due_in") * 1000)),
                rows.text(i, "spent")};
  return known;
}

void Jobs::resetLost(const std::vector<ClaimedPlan>& plans) {
  PgArray builds, fences;
  for (const auto& plan : plans) {
    builds.add(number(plan.build));
    fences.add(plan.fence);
  }
  connection_.run("reset_lost_jobs", {builds.take(), fences.take()});
}

std::size_t Jobs::change(const std::vector<JobChange>& changes,
                         const std::vector<BuildProgress>& progress, const std::string& queue) {
  PgArray ids, builds, fences, statuses, classes, codes, errors, outputs, delays, attempts, memory,
      extra, caches, sealed, counters, logs;
  for (const auto& change : changes) {
    ids.add(number(change.id));
    builds.add(number(change.build));
    fences.add(change.fence);
    statuses.add(toText(change.status));
    classes.add(change.failureClass);
    codes.add(std::int64_t{change.exitCode});
    errors.add(change.error);
    outputs.add(change.outputsJson);
    delays.add(static_cast<double>(change.retryIn.count()) / 1000);
    attempts.add(number(change.attempt));
    memory.add(change.peakMemoryBytes);
    logs.add(change.logBytes);
    extra.add(std::int64_t{change.extraAttempts});
    caches.add(change.cacheJson);
    sealed.add(std::int64_t{change.isSealed ? 1 : 0});
    counters.add(change.counter.empty() ? change.failureClass : change.counter);
  }
  PgArray open, openFences, jobsDone, jobsFailed;
  for (const auto& build : progress) {
    open.add(number(build.build));
    openFences.add(build.fence);
    jobsDone.add(std::int64_t{build.done});
    jobsFailed.add(std::int64_t{build.failed});
  }
  const Rows done = connection_.run(
      "finish_jobs", {ids.take(),     builds.take(),     fences.take(),   statuses.take(),
                      classes.take(), codes.take(),      errors.take(),   outputs.take(),
                      delays.take(),  attempts.take(),   memory.take(),   extra.take(),
                      queue,          caches.take(),     sealed.take(),   counters.take(),
                      open.take(),    openFences.take(), jobsDone.take(), jobsFailed.take(),
                      logs.take()});
  tell(changes, done, queue);
  return done.size();
}

void Jobs::tell(const std::vector<JobChange>& changes, const Rows& done, const std::string& queue) {
  ReportedEvents events;
  for (const auto& change : changes) {
    if (change.events.empty()) continue;
    for (std::size_t i = 0; i < done.size(); ++i)
      if (done.number(i, 0) == number(change.id))
        events.add("job/" + std::to_string(number(change.id)), change.builder, change.events);
  }
  events.write(connection_, queue);
}

void Jobs::note(const std::vector<JobProgress>& said) {
  PgArray attempts, texts;
  for (const auto& each : said) {
    attempts.add(number(each.attempt));
    texts.add(toJson(each.progress));
  }
  connection_.run("note_job_progress", {attempts.take(), texts.take()});
}

void Jobs::redo(const std::vector<JobRedo>& jobs, const std::string& queue) {
  PgArray ids, builds, fences, reasons;
  for (const auto& job : jobs) {
    ids.add(number(job.id));
    builds.add(number(job.build));
    fences.add(job.fence);
    reasons.add(job.why);
  }
  connection_.run("redo_jobs", {ids.take(), builds.take(), fences.take(), reasons.take(), queue});
}

void Jobs::fail(const FinishedBuild& build, const std::string& queue) {
  connection_.run("fail_jobs", {number(build.build), build.fence, build.error, queue});
}

std::vector<StartedJob> Jobs::start(const std::vector<JobStart>& jobs, InstanceId instance,
                                    const std::string& queue) {
  PgArray ids, builds, fences;
  for (const auto& job : jobs) {
    ids.add(number(job.id));
    builds.add(number(job.build));
    fences.add(job.fence);
  }
  const std::string idText = ids.take();
  Rows rows = connection_.run("start_jobs",
                              {idText, builds.take(), fences.take(), number(instance), queue});
  if (rows.size() < jobs.size())
    rows = connection_.run("started_before", {idText, number(instance)});
  std::vector<StartedJob> started(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    started[i] = {JobId{rows.number(i, "job_id")}, static_cast<int>(rows.number(i, "n")),
                  AttemptId{rows.number(i, "attempt")}};
  return started;
}

std::vector<KnownJob> Jobs::succeededBefore(PlanId plan, BuildId build) {
  const Rows rows = connection_.run("succeeded_jobs", {number(plan), number(build)});
  std::vector<KnownJob> known(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    known[i].position = static_cast<int>(rows.number(i, "position"));
    known[i].outputsJson = rows.text(i, "outputs");
    known[i].isSealed = rows.flag(i, "sealed");
  }
  return known;
}

std::map<std::string, double> Jobs::durations(const std::string& queue,
                                              const std::vector<std::string>& names) {
  const Rows rows = connection_.run("job_durations", {queue, PgArray::of(names)});
  std::map<std::string, double> known;
  for (std::size_t i = 0; i < rows.size(); ++i)
    known[rows.text(i, "name")] = rows.real(i, "seconds");
  return known;
}

void Jobs::learn(const std::string& queue, const std::map<std::string, double>& seconds) {
  PgArray names, values;
  for (const auto& [name, value] : seconds) {
    names.add(name);
    values.add(value);
  }
  connection_.run("learn_durations", {queue, names.take(), values.take()});
}

std::vector<JobPlace> Jobs::cancelRequests(InstanceId instance, const std::string& queue) {
  const Rows rows = connection_.run("cancelled_jobs", {number(instance), queue});
  std::vector<JobPlace> jobs;
  for (std::size_t i = 0; i < rows.size(); ++i)
    jobs.push_back(
        {BuildId{rows.number(i, "build_id")}, static_cast<int>(rows.number(i, "position"))});
  return jobs;
}

}  // namespace planwright
