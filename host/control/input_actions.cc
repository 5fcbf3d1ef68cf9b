#include "control/input_actions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/failpoints.h"
#include "base/hex.h"
#include "control/item_json.h"
#include "queue/tickets.h"
#include "store/blobs.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

/// A name as intake makes them: relative, without empty, "." and ".." parts.
bool isRelativeName(std::string_view name) {
  if (name.empty() || name.size() > 1024) return false;
  std::size_t start = 0;
  while (start <= name.size()) {
    const std::size_t slash = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, slash - start);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    start = slash + 1;
  }
  for (const unsigned char c : name)
    if (c < 0x20 || c == 0x7f) return false;
  return true;
}

Result<std::string> itemOf(Connection& connection, std::int64_t id) {
  const Rows rows = connection.run("api_input", {id});
  if (rows.empty()) return notFound(fmt::format("There is no input {}.", id));
  return itemJson(Listed::Inputs, connection, rows);
}

}  // namespace

Result<Enqueued> InputActions::enqueuePlan(std::int64_t id, bool force, const std::string& actor,
                                           const std::string& traceId) const {
  auto connection = parts_.database.lease();
  failpoint("enqueue.commit.before");
  const Rows rows = traced(*connection, "trace_input", id, traceId, [&] {
    return connection->run("enqueue_inputs", {PgArray().add(id).take(), force, actor});
  });
  failpoint("enqueue.commit.after");
  if (rows.empty()) return notFound(fmt::format("There is no input {}.", id));
  const std::string queue = rows.text(0, 1);
  const std::string outcome = rows.text(0, 2);
  if (outcome == "planning")
    return conflict(fmt::format("Input {} is being planned now.", id), "planning");
  if (outcome == "planned")
    return conflict(fmt::format("Input {} is planned already. Send {{\"force\": true}} for one "
                                "more plan of it.",
                                id),
                    "already-planned");
  Enqueued done{.wasQueued = outcome == "already_queued", .list = planList(queue), .itemJson = {}};
  if (!done.wasQueued) {
    parts_.metrics.add("planwright_queue_enqueued_total",
                       {{"queue", done.list}, {"source", "request"}});
    done.position = parts_.tickets.push(done.list, {id}).value_or(0);
    parts_.bell.ring();
  }
  if (done.position == 0) done.position = connection->run("input_position", {id}).number(0, 0);
  auto item = itemOf(*connection, id);
  if (!item) return item.error();
  done.itemJson = std::move(*item);
  return done;
}

std::int64_t InputActions::enqueueWaiting(const std::string& queue,
                                          const std::string& actor) const {
  auto connection = parts_.database.lease();
  std::int64_t count = 0;
  for (std::int64_t after = 0;;) {
    const Rows waiting = connection->run("waiting_inputs_after", {queue, after, kEnqueueBatch});
    if (waiting.empty()) return count;
    PgArray ids;
    for (std::size_t i = 0; i < waiting.size(); ++i) ids.add(waiting.number(i, 0));
    after = waiting.number(waiting.size() - 1, 0);
    const Rows rows = connection->run("enqueue_inputs", {ids.take(), false, actor});
    std::vector<std::int64_t> pushed;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows.text(i, 2) == "queued") pushed.push_back(rows.number(i, 0));
    if (pushed.empty()) continue;
    parts_.tickets.push(planList(queue), pushed);
    parts_.metrics.add("planwright_queue_enqueued_total",
                       {{"queue", planList(queue)}, {"source", "request"}},
                       static_cast<double>(pushed.size()));
    parts_.bell.ring();
    count += static_cast<std::int64_t>(pushed.size());
  }
}

Result<Uploaded> InputActions::upload(const Upload& upload) const {
  const auto config = parts_.config.now();
  const QueueConfig* queue = config->queue(upload.queue);
  if (!queue) return notFound(fmt::format("There is no queue {}.", upload.queue));
  if (!isRelativeName(upload.filename))
    return Error{ErrorKind::Invalid,
                 "The file name must be relative, without . and .. and control characters.",
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
  auto item = itemOf(*connection, done.id);
  if (!item) return item.error();
  done.itemJson = std::move(*item);
  return done;
}

Result<Cancelled> InputActions::cancel(std::int64_t id, const std::string& actor) const {
  auto connection = parts_.database.lease();
  failpoint("cancel.request.before");
  connection->run("request_cancel_input", {id, actor});
  failpoint("cancel.request.after");
  connection->run("end_cancelled_inputs", {id});  // at once if nobody holds it
  parts_.bell.ring();
  const Rows rows = connection->run("api_input", {id});
  if (rows.empty()) return notFound(fmt::format("There is no input {}.", id));
  const std::string status(Row(rows, 0).text("status"));
  if (status != "cancelled" && status != "planning" && status != "pending")
    return conflict(fmt::format("Input {} is finished: it is {}.", id, status), "finished");
  return Cancelled{.isOver = status == "cancelled",
                   .itemJson = itemJson(Listed::Inputs, *connection, rows)};
}

}  // namespace planwright
