#include "control/actions.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/failpoints.h"
#include "base/hex.h"
#include "control/item_json.h"
#include "intake/file_names.h"
#include "model/job_graph.h"
#include "store/blobs.h"
#include "store/pg_array.h"
#include "tickets/tickets.h"

namespace planwright {

/// What stands in line for a stage, and its statements.
struct Actions::Line {
  Listed listed;
  const char* noun;
  std::string_view item, waitingAfter, position;
  std::string (*list)(const std::string& queue);
};

namespace {

Error noSuch(std::string_view noun, std::int64_t id) {
  return notFound(fmt::format("There is no {} {}.", noun, id));
}

Error finished(std::string_view noun, std::int64_t id, std::string_view status) {
  std::string what(noun);
  what[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(what[0])));
  return conflict(fmt::format("{} {} is finished: it is {}.", what, id, status), "finished");
}

Error refusedPlan(std::int64_t input, const std::string& outcome) {
  if (outcome == "planning")
    return conflict(fmt::format("Input {} is being planned now.", input), "planning");
  return conflict(fmt::format("Input {} is planned already. Send {{\"force\": true}} for one more "
                              "plan of it.",
                              input),
                  "already-planned");
}

Error refusedBuild(std::int64_t plan, const std::string& outcome, std::int64_t build) {
  if (outcome == "building")
    return conflict(fmt::format("Plan {} is building (build {}).", plan, build),
                    "already-building");
  return conflict(fmt::format("Plan {} is built already (build {}). Send {{\"force\": true}} to "
                              "build it again.",
                              plan, build),
                  "already-built");
}

/// The item as it is after the request, unless it had ended before: in a status that is neither
/// cancelled nor one of `open`.
Result<Cancelled> cancelled(Listed listed, std::string_view noun, std::int64_t id,
                            Connection& connection, const Rows& rows,
                            std::initializer_list<std::string_view> open) {
  if (rows.empty()) return noSuch(noun, id);
  const std::string_view status = Row(rows, 0).text("status");
  if (status != "cancelled" && std::find(open.begin(), open.end(), status) == open.end())
    return finished(noun, id, status);
  return Cancelled{.isOver = status == "cancelled", .itemJson = itemJson(listed, connection, rows)};
}

}  // namespace

const Actions::Line& Actions::lineOf(LiveQueue::Stage stage) {
  static const Line inputs{Listed::Inputs,         "input",          "api_input",
                           "waiting_inputs_after", "input_position", planList};
  static const Line plans{Listed::Plans,         "plan",          "api_plan",
                          "waiting_plans_after", "plan_position", buildList};
  return stage == LiveQueue::Stage::Plan ? inputs : plans;
}

/// Of rows that are queued by now.
void Actions::push(const std::string& list, const std::vector<std::int64_t>& ids,
                   std::int64_t* position) const {
  const auto length = parts_.tickets.push(list, ids);
  if (position) *position = length.value_or(0);
  parts_.metrics.add("planwright_queue_enqueued_total", {{"queue", list}, {"source", "request"}},
                     static_cast<double>(ids.size()));
  parts_.bell.ring();
}

Result<Enqueued> Actions::queued(const Line& line, Connection& connection, std::int64_t id,
                                 const std::string& list, bool wasQueued) const {
  Enqueued done{.wasQueued = wasQueued, .list = list, .itemJson = {}};
  if (!wasQueued) push(list, {id}, &done.position);
  if (done.position == 0) done.position = connection.run(line.position, {id}).number(0, 0);
  const Rows item = connection.run(line.item, {id});
  if (item.empty()) return noSuch(line.noun, id);
  done.itemJson = itemJson(line.listed, connection, item);
  return done;
}

Result<Enqueued> Actions::enqueuePlan(std::int64_t input, bool force, const std::string& actor,
                                      const std::string& traceId) const {
  auto connection = parts_.database.lease();
  failpoint("enqueue.commit.before");
  const Rows rows = traced(*connection, "trace_input", input, traceId, [&] {
    return connection->run("enqueue_inputs", {PgArray().add(input).take(), force, actor});
  });
  failpoint("enqueue.commit.after");
  if (rows.empty()) return noSuch("input", input);
  const std::string outcome = rows.text(0, "outcome");
  if (outcome == "planning" || outcome == "planned") return refusedPlan(input, outcome);
  return queued(lineOf(LiveQueue::Stage::Plan), *connection, input, planList(rows.text(0, "queue")),
                outcome == "already_queued");
}

Result<Enqueued> Actions::enqueueBuild(const EnqueueBuild& wish) const {
  auto connection = parts_.database.lease();
  if (wish.expectedDigest) {
    const Rows plan = connection->run("api_plan", {wish.plan});
    if (plan.empty()) return noSuch("plan", wish.plan);
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
  if (rows.empty()) return noSuch("plan", wish.plan);
  const std::string outcome = rows.text(0, "outcome");
  if (outcome != "queued" && outcome != "already_queued")
    return refusedBuild(wish.plan, outcome, rows.number(0, "build_id"));
  return queued(lineOf(LiveQueue::Stage::Build), *connection, wish.plan,
                buildList(rows.text(0, "queue")), outcome == "already_queued");
}

std::int64_t Actions::enqueueWaiting(LiveQueue::Stage stage, const std::string& queue,
                                     const std::string& actor) const {
  const Line& line = lineOf(stage);
  auto connection = parts_.database.lease();
  std::int64_t count = 0;
  for (std::int64_t after = 0;;) {
    const auto waiting =
        connection->run(line.waitingAfter, {queue, after, kEnqueueBatch}).numbers();
    if (waiting.empty()) return count;
    after = waiting.back();
    const std::string ids = PgArray::of(waiting);
    const Rows rows = stage == LiveQueue::Stage::Plan
                          ? connection->run("enqueue_inputs", {ids, false, actor})
                          : connection->run("enqueue_plans", {ids, false, actor, "all", true});
    std::vector<std::int64_t> pushed;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows.text(i, "outcome") == "queued") pushed.push_back(rows.number(i, "id"));
    if (pushed.empty()) continue;
    push(line.list(queue), pushed);
    count += static_cast<std::int64_t>(pushed.size());
  }
}

Result<Uploaded> Actions::upload(const Upload& upload) const {
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(upload.queue);
  if (!queue) return notFound(fmt::format("There is no queue {}.", upload.queue));
  if (const auto reason = refusalOfName(upload.filename))
    return Error{
        ErrorKind::Invalid,
        fmt::format("The file {} cannot be taken: {}.", printableName(upload.filename), *reason),
        {},
        "filename"};
  bool keepLatest = false;
  for (const auto& source : queue->sources)
    keepLatest = keepLatest || source.onOverwrite == OnOverwrite::Latest;
  const auto one = [](std::string_view text) { return PgArray().add(text).take(); };
  std::optional<std::string> content;
  if (upload.blob.content) content = toHex(*upload.blob.content);

  auto connection = parts_.database.lease();
  const Rows rows = connection->run(
      "record_inputs", {one(upload.filename), one(upload.blob.digest.text()),
                        PgArray().add(upload.blob.sizeBytes).take(), PgArray().add(content).take(),
                        one(""), PgArray().add(std::optional<std::string>()).take(), upload.queue,
                        "upload", queue->retry.attempts, keepLatest,
                        upload.traceId.empty() ? std::optional<std::string>() : upload.traceId,
                        std::nullopt, std::nullopt, 0});
  if (rows.empty()) return notFound(fmt::format("Queue {} is not set up.", upload.queue));
  Uploaded done{.isNew = rows.number(0, 1) != 0, .id = rows.number(0, 1), .itemJson = {}};
  if (done.isNew) {
    parts_.metrics.add("planwright_inputs_total", {{"result", "recorded"}});
    if (rows.flag(0, 3)) parts_.tickets.push(planList(upload.queue), {done.id});
    parts_.bell.ring();
  } else {
    const Rows newest = connection->run("newest_input", {upload.queue, upload.filename});
    if (newest.empty()) return notFound("The input with this content has been pruned.");
    done.id = newest.number(0, 0);
  }
  const Rows item = connection->run("api_input", {done.id});
  if (item.empty()) return noSuch("input", done.id);
  done.itemJson = itemJson(Listed::Inputs, *connection, item);
  return done;
}

Result<Cancelled> Actions::cancelInput(std::int64_t input, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  connection->run("request_cancel_input", {input, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_inputs", {input});  // at once if nobody holds it
  parts_.bell.ring();
  return cancelled(Listed::Inputs, "input", input, *connection,
                   connection->run("api_input", {input}), {"planning", "pending"});
}

Result<Cancelled> Actions::cancelPlan(std::int64_t plan, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  connection->run("request_cancel_plan", {plan, 0, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_plans", {plan});  // at once if nobody builds it
  parts_.bell.ring();
  return cancelled(Listed::Plans, "plan", plan, *connection, connection->run("api_plan", {plan}),
                   {"building", "ready_for_build"});
}

Result<Cancelled> Actions::cancelBuild(std::int64_t build, const std::string& actor) const {
  auto connection = parts_.database.lease();
  const Rows before = connection->run("api_build", {build});
  if (before.empty()) return noSuch("build", build);
  const Row open(before, 0);
  if (open.text("status") != "building") return finished("build", build, open.text("status"));
  const std::int64_t plan = open.number("plan_id");
  failpoint("cancel.request.before");
  connection->run("request_cancel_plan", {plan, build, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_plans", {plan});  // at once if it waits for its next try
  parts_.bell.ring();
  return cancelled(Listed::Builds, "build", build, *connection,
                   connection->run("api_build", {build}), {"building"});
}

Result<Cancelled> Actions::cancelJob(std::int64_t job, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  const bool asked = !connection->run("request_cancel_job", {job, actor}).empty();
  failpoint("cancel.request.after");
  connection->run("end_cancelled_job", {job});  // at once if nobody runs its build
  parts_.bell.ring();
  const Rows rows = connection->run("api_job", {job});
  if (rows.empty()) return noSuch("job", job);
  const JobStatus status = jobStatusFrom(std::string(Row(rows, 0).text("status")));
  if (!asked && isFinal(status) && status != JobStatus::Cancelled)
    return finished("job", job, toText(status));
  return Cancelled{.isOver = isFinal(status),
                   .itemJson = itemJson(Listed::Jobs, *connection, rows)};
}

}  // namespace planwright
