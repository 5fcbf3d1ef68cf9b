#include "control/plan_actions.h"

#include <fmt/format.h>

#include "base/failpoints.h"
#include "control/item_json.h"
#include "model/job_graph.h"
#include "queue/tickets.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

Error refusal(std::int64_t plan, const std::string& outcome, std::int64_t build) {
  if (outcome == "building")
    return conflict(fmt::format("Plan {} is building (build {}).", plan, build),
                    "already-building");
  return conflict(fmt::format("Plan {} is built already (build {}). Send {{\"force\": true}} to "
                              "build it again.",
                              plan, build),
                  "already-built");
}

}  // namespace

Result<Enqueued> PlanActions::enqueueBuild(const EnqueueBuild& wish) const {
  auto connection = parts_.database.lease();
  if (wish.expectedDigest) {
    const Rows plan = connection->run("api_plan", {wish.plan});
    if (plan.empty()) return notFound(fmt::format("There is no plan {}.", wish.plan));
    const std::string_view digest = Row(plan, 0).text("plan_digest");
    if (digest != *wish.expectedDigest)
      return Error{ErrorKind::Stale,
                   fmt::format("Plan {} has the digest {}.", wish.plan, digest),
                   "plan-changed",
                   {}};
  }
  failpoint("enqueue.commit.before");
  const Rows rows = traced(*connection, "trace_plan", wish.plan, wish.traceId, [&] {
    return connection->run("enqueue_plans",
                           {PgArray().add(wish.plan).take(), wish.force, wish.actor,
                            wish.onlyFailed ? "failed" : "all", wish.useCache});
  });
  failpoint("enqueue.commit.after");
  if (rows.empty()) return notFound(fmt::format("There is no plan {}.", wish.plan));
  const std::string outcome = rows.text(0, 2);
  if (outcome != "queued" && outcome != "already_queued")
    return refusal(wish.plan, outcome, rows.number(0, 3));
  Enqueued done{
      .wasQueued = outcome == "already_queued", .list = buildList(rows.text(0, 1)), .itemJson = {}};
  if (!done.wasQueued) {
    parts_.metrics.add("planwright_queue_enqueued_total",
                       {{"queue", done.list}, {"source", "request"}});
    done.position = parts_.tickets.push(done.list, {wish.plan}).value_or(0);
    parts_.bell.ring();
  }
  if (done.position == 0)
    done.position = connection->run("plan_position", {wish.plan}).number(0, 0);
  const Rows plan = connection->run("api_plan", {wish.plan});
  if (plan.empty()) return notFound(fmt::format("There is no plan {}.", wish.plan));
  done.itemJson = itemJson(Listed::Plans, *connection, plan);
  return done;
}

std::int64_t PlanActions::enqueueWaiting(const std::string& queue, const std::string& actor) const {
  auto connection = parts_.database.lease();
  std::int64_t count = 0;
  for (std::int64_t after = 0;;) {
    const Rows waiting = connection->run("waiting_plans_after", {queue, after, kEnqueueBatch});
    if (waiting.empty()) return count;
    PgArray ids;
    for (std::size_t i = 0; i < waiting.size(); ++i) ids.add(waiting.number(i, 0));
    after = waiting.number(waiting.size() - 1, 0);
    const Rows rows = connection->run("enqueue_plans", {ids.take(), false, actor, "all", true});
    std::vector<std::int64_t> pushed;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows.text(i, 2) == "queued") pushed.push_back(rows.number(i, 0));
    if (pushed.empty()) continue;
    parts_.tickets.push(buildList(queue), pushed);
    parts_.metrics.add("planwright_queue_enqueued_total",
                       {{"queue", buildList(queue)}, {"source", "request"}},
                       static_cast<double>(pushed.size()));
    parts_.bell.ring();
    count += static_cast<std::int64_t>(pushed.size());
  }
}

Result<Cancelled> PlanActions::cancelPlan(std::int64_t plan, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  connection->run("request_cancel_plan", {plan, 0, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_plans", {plan});  // at once if nobody builds it
  parts_.bell.ring();
  const Rows rows = connection->run("api_plan", {plan});
  if (rows.empty()) return notFound(fmt::format("There is no plan {}.", plan));
  const std::string status(Row(rows, 0).text("status"));
  if (status != "cancelled" && status != "building" && status != "ready_for_build")
    return conflict(fmt::format("Plan {} is finished: it is {}.", plan, status), "finished");
  return Cancelled{.isOver = status == "cancelled",
                   .itemJson = itemJson(Listed::Plans, *connection, rows)};
}

Result<Cancelled> PlanActions::cancelJob(std::int64_t job, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  const bool asked = !connection->run("request_cancel_job", {job, actor}).empty();
  failpoint("cancel.request.after");
  connection->run("end_cancelled_job", {job});  // at once if nobody runs its build
  parts_.bell.ring();
  const Rows rows = connection->run("api_job", {job});
  if (rows.empty()) return notFound(fmt::format("There is no job {}.", job));
  const JobStatus status = jobStatusFrom(std::string(Row(rows, 0).text("status")));
  if (!asked && isFinal(status) && status != JobStatus::Cancelled)
    return conflict(fmt::format("Job {} is finished: it is {}.", job, toText(status)), "finished");
  return Cancelled{.isOver = isFinal(status),
                   .itemJson = itemJson(Listed::Jobs, *connection, rows)};
}

Result<Cancelled> PlanActions::cancelBuild(std::int64_t build, const std::string& actor) const {
  auto connection = parts_.database.lease();
  const Rows before = connection->run("api_build", {build});
  if (before.empty()) return notFound(fmt::format("There is no build {}.", build));
  const Row open(before, 0);
  if (open.text("status") != "building")
    return conflict(fmt::format("Build {} is finished: it is {}.", build, open.text("status")),
                    "finished");
  const std::int64_t plan = open.number("plan_id");
  failpoint("cancel.request.before");
  connection->run("request_cancel_plan", {plan, build, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_plans", {plan});  // at once if it waits for its next try
  parts_.bell.ring();
  const Rows after = connection->run("api_build", {build});
  if (after.empty()) return notFound(fmt::format("There is no build {}.", build));
  const std::string_view status = Row(after, 0).text("status");
  if (status != "cancelled" && status != "building")
    return conflict(fmt::format("Build {} has just finished.", build), "finished");
  return Cancelled{.isOver = status == "cancelled",
                   .itemJson = itemJson(Listed::Builds, *connection, after)};
}

}  // namespace planwright
