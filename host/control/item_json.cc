#include "control/item_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/pg_array.h"

namespace planwright {

namespace {

/// Members of the row of the same name.
void texts(JsonWriter& json, const Row& row, std::initializer_list<std::string_view> names) {
  for (const auto name : names) writeText(json, name, row);
}

void numbers(JsonWriter& json, const Row& row, std::initializer_list<std::string_view> names) {
  for (const auto name : names) writeNumber(json, name, row);
}

void times(JsonWriter& json, const Row& row, std::initializer_list<std::string_view> names) {
  for (const auto name : names) writeTime(json, name, row);
}

void reasonMember(JsonWriter& json, const Reason& reason) {
  json.key("reason");
  if (reason.code.empty())
    json.null();
  else
    writeReason(json, reason);
}

/// The first of `reasons`, else that it waits for a worker.
void stageReason(JsonWriter& json, const std::vector<Reason>& reasons, const Row& item,
                 std::string_view waiting, std::string_view stage) {
  if (!reasons.empty())
    reasonMember(json, reasons.front());
  else
    reasonMember(json, item.text("status") == waiting ? waitsForWorker(stage, item) : Reason());
}

void writeInput(JsonWriter& json, const Row& input) {
  json.object();
  numbers(json, input, {"id"});
  texts(json, input, {"queue", "source", "filename"});
  numbers(json, input, {"generation"});
  texts(json, input, {"digest"});
  numbers(json, input, {"size"});
  json.rawMember("attributes", input.text("attributes"));
  texts(json, input, {"status"});
  json.member("queued", !input.isNull("queued_at"));
  times(json, input, {"queued_at"});
  json.member("cancel_requested", input.flag("cancel_requested"));
  numbers(json, input, {"attempt", "max_attempts"});
  times(json, input, {"next_attempt_at"});
  numbers(json, input, {"superseded_by"});
  const std::string_view plans = input.text("plan_ids");  // {1,2}
  json.rawMember("plan_ids", fmt::format("[{}]", plans.substr(1, plans.size() - 2)));
  json.rawMember("progress", input.text("progress"));
  texts(json, input, {"trace_id"});
  times(json, input, {"created_at", "updated_at"});
  texts(json, input, {"error", "details"});
  stageReason(json, inputReasons(input), input, "pending", "plan");
  json.end();
}

void writeSummary(JsonWriter& json, const Row& plan) {
  json.key("summary").object();
  json.member("jobs", plan.number("job_count")).member("done", plan.number("jobs_done"));
  json.member("failed", plan.number("jobs_failed")).member("planner", plan.text("planner"));
  json.membersOf(plan.text("summary")).end();
}

/// The first plan of the queue that is left with the same jobs.
void writeUnchanged(JsonWriter& json, const Row& plan) {
  json.key("unchanged");
  if (plan.isNull("unchanged_since")) {
    json.null();
    return;
  }
  const auto since = plan.number("unchanged_since");
  json.object()
      .member("since_plan", since)
      .member("message", fmt::format("unchanged since plan {}", since))
      .end();
}

void writePlan(JsonWriter& json, const Row& plan) {
  json.object();
  numbers(json, plan, {"id"});
  texts(json, plan, {"queue"});
  numbers(json, plan, {"pending_input_id"});
  texts(json, plan, {"filename", "status"});
  json.member("queued", !plan.isNull("queued_at"));
  times(json, plan, {"queued_at"});
  numbers(json, plan, {"attempt", "max_attempts"});
  times(json, plan, {"next_attempt_at"});
  writeSummary(json, plan);
  texts(json, plan, {"plan_digest"});
  writeUnchanged(json, plan);
  json.member("plan_blob_url", fmt::format("/api/plans/{}/artifact", plan.text("id")));
  numbers(json, plan, {"build_id"});
  texts(json, plan, {"build_mode"});
  json.textOrNull("index_url",
                  plan.isNull("wheels_build")
                      ? std::string()
                      : fmt::format("/simple/{}@{}/", plan.text("queue"), plan.text("id")));
  numbers(json, plan, {"superseded_by"});
  texts(json, plan, {"trace_id"});
  times(json, plan, {"created_at", "updated_at"});
  texts(json, plan, {"error"});
  stageReason(json, planReasons(plan), plan, "ready_for_build", "build");
  json.end();
}

void writeBuild(JsonWriter& json, const Row& build) {
  json.object();
  numbers(json, build, {"id", "plan_id", "pending_input_id"});
  texts(json, build, {"filename", "queue", "mode", "status"});
  json.member("cancel_requested", build.flag("cancel_requested"));
  json.key("summary")
      .object()
      .member("jobs", build.number("jobs_total"))
      .member("done", build.number("jobs_done"))
      .member("failed", build.number("jobs_failed"))
      .end();
  texts(json, build, {"plan_digest", "manifest_digest"});
  json.textOrNull("manifest_url", build.isNull("manifest_digest")
                                      ? std::string()
                                      : fmt::format("/api/builds/{}/manifest", build.text("id")));
  reasonMember(json, buildReason(build));
  texts(json, build, {"trace_id"});
  writeTime(json, "created_at", build, "started_at");
  times(json, build, {"started_at", "finished_at"});
  writeTime(json, "updated_at", build, build.isNull("finished_at") ? "started_at" : "finished_at");
  texts(json, build, {"error"});
  json.end();
}

void writeCache(JsonWriter& json, const Row& job) {
  const auto outcome = cacheOutcome(job);
  json.key("cache");
  if (outcome.result.empty())
    json.null();
  else
    json.object().member("result", outcome.result).textOrNull("why", outcome.why).end();
}

void writeJob(JsonWriter& json, const Row& job, const Attempts& attempts) {
  json.object();
  numbers(json, job, {"id", "plan_id", "build_id"});
  texts(json, job, {"name"});
  numbers(json, job, {"position"});
  texts(json, job, {"status"});
  json.rawMember("needs", job.text("needs"));
  numbers(json, job, {"attempt", "max_attempts"});
  times(json, job, {"next_attempt_at"});
  json.key("attempts");
  attempts.write(json, job.number("id"));
  json.member("cancel_requested", job.flag("cancel_requested"));
  writeCache(json, job);
  json.rawMember("progress", job.text("progress"));
  json.rawMember("outputs", job.text("outputs"));
  numbers(json, job, {"exit_code"});
  texts(json, job, {"class"});
  reasonMember(json, jobReason(job, attempts.waitsSince(job)));
  json.member("log_url", fmt::format("/api/jobs/{}/log", job.text("id")));
  times(json, job, {"started_at", "finished_at"});
  texts(json, job, {"error"});
  json.end();
}

}  // namespace

void writeItems(JsonWriter& json, Listed what, Connection& connection, const Rows& rows,
                std::size_t count) {
  const auto each = [&](auto write) {
    for (std::size_t i = 0; i < count; ++i) write(json, Row(rows, i));
  };
  switch (what) {
    case Listed::Inputs:
      return each(writeInput);
    case Listed::Plans:
      return each(writePlan);
    case Listed::Builds:
      return each(writeBuild);
    case Listed::Jobs:
      const Attempts attempts(connection, rows, count);
      return each([&](JsonWriter& to, const Row& job) { writeJob(to, job, attempts); });
  }
}

std::string itemJson(Listed what, Connection& connection, const Rows& rows) {
  JsonWriter json;
  writeItems(json, what, connection, rows, 1);
  return json.take();
}

void writePlannedJob(JsonWriter& json, std::int64_t plan, const JsonValue& job, int position) {
  const JsonValue* needs = find(job, "needs");
  json.object().key("id").null().member("plan_id", plan).key("build_id").null();
  json.member("name", textOr(job, "id")).member("position", position).member("status", "blocked");
  json.rawMember("needs", needs ? toJson(*needs) : "[]");
  json.member("attempt", 0).member("max_attempts", 0).key("next_attempt_at").null();
  json.rawMember("attempts", "[]").member("cancel_requested", false).key("cache").null();
  json.rawMember("outputs", "[]");
  for (const auto* name :
       {"exit_code", "class", "reason", "log_url", "started_at", "finished_at", "error"})
    json.key(name).null();
  json.end();
}

Attempts::Attempts(Connection& connection, const Rows& jobs, std::size_t count) {
  PgArray ids;
  for (std::size_t i = 0; i < count; ++i) ids.add(Row(jobs, i).number("id"));
  if (count > 0) rows_ = connection.run("api_attempts", {ids.take()});
}

std::pair<std::size_t, std::size_t> Attempts::of(std::int64_t job) const {
  std::size_t low = 0, high = rows_.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (Row(rows_, middle).number("job_id") < job)
      low = middle + 1;
    else
      high = middle;
  }
  while (high < rows_.size() && Row(rows_, high).number("job_id") == job) ++high;
  return {low, high};
}

void Attempts::write(JsonWriter& json, std::int64_t job) const {
  json.array();
  const auto [first, last] = of(job);
  for (std::size_t i = first; i < last; ++i) {
    const Row attempt(rows_, i);
    json.object();
    numbers(json, attempt, {"n"});
    texts(json, attempt, {"worker", "status"});
    times(json, attempt, {"started_at", "ended_at"});
    numbers(json, attempt, {"exit_code"});
    texts(json, attempt, {"class", "error"});
    numbers(json, attempt, {"peak_memory"});
    json.end();
  }
  json.end();
}

std::string Attempts::waitsSince(const Row& job) const {
  std::string latest;
  const auto [first, last] = of(job.number("id"));
  for (std::size_t i = first; i < last; ++i)
    latest = std::max(latest, rfc3339(Row(rows_, i).text("ended_at")));
  return latest.empty() ? rfc3339(job.text("build_started_at")) : latest;
}

CacheOutcome cacheOutcome(const Row& job) {
  if (!job.isNull("cache_result")) return {job.text("cache_result"), job.text("cache_why")};
  const std::string_view status = job.text("status");
  if (status == "succeeded" || status == "failed" || status == "timed_out")
    return {"off", kNotCacheable};
  return {};
}

JsonWriter& writeTime(JsonWriter& json, std::string_view name, const Row& row,
                      std::string_view column) {
  return json.textOrNull(name, rfc3339(row.text(column)));
}

JsonWriter& writeNumber(JsonWriter& json, std::string_view name, const Row& row) {
  return json.rawMember(name, row.text(name));
}

JsonWriter& writeText(JsonWriter& json, std::string_view name, const Row& row) {
  const std::string_view text = row.text(name);
  return text.data() == nullptr ? json.key(name).null() : json.member(name, text);
}

}  // namespace planwright
