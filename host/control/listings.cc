#include "control/listings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "control/missing.h"
#include "control/pages.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

/// Rows looked at by one statement.
constexpr int kListWindow = 5'000;
/// Rows looked at to make up one total, and of searches, whose rows cost far more.
constexpr int kTotalWindow = 10'000;
constexpr int kSearchWindow = 5'000;
/// A page that is not full after this time is sent with a cursor to go on: a filter that fits
/// nothing in a million rows must not keep anybody waiting, or a connection.
constexpr auto kListPatience = std::chrono::milliseconds(30);

/// The statements and words of one list.
struct Table {
  std::string_view noun, list, window, total, item, explain;
  std::vector<std::string_view> statuses;
  std::vector<std::string_view> attention;  ///< statuses of what failed or was stopped
};

const Table& tableOf(Listed what) {
  static const std::array<Table, 4> tables = {
      Table{"input",
            "api_inputs",
            "api_inputs_window",
            "api_inputs_total",
            "api_input",
            "api_explain_input",
            {"pending", "planning", "planned", "failed", "superseded", "cancelled"},
            {"failed", "superseded", "cancelled"}},
      Table{"plan",
            "api_plans",
            "api_plans_window",
            "api_plans_total",
            "api_plan",
            "api_explain_plan",
            {"ready_for_build", "building", "built", "failed", "superseded", "cancelled"},
            {"failed", "superseded", "cancelled"}},
      Table{"build",
            "api_builds",
            "api_builds_window",
            "api_builds_total",
            "api_build",
            "api_explain_build",
            {"building", "built", "failed", "cancelled"},
            {"failed", "cancelled"}},
      Table{"job",
            "api_jobs",
            "api_jobs_window",
            "api_jobs_total",
            "api_job",
            "api_explain_job",
            {"blocked", "ready", "running", "succeeded", "cached", "failed", "timed_out",
             "dep_failed", "cancelled"},
            {"failed", "timed_out", "dep_failed", "cancelled"}},
  };
  return tables[static_cast<std::size_t>(what)];
}

constexpr std::array<std::string_view, 21> kReasons = {"manual_mode",
                                                       "approval_needed",
                                                       "queue_paused",
                                                       "queue_held",
                                                       "superseded",
                                                       "limit",
                                                       "waiting_for_worker",
                                                       "backoff",
                                                       "waiting_for_needs",
                                                       "file_not_stable",
                                                       "resources",
                                                       "backend_pending",
                                                       "planner_rejected_input",
                                                       "job_failed",
                                                       "needs_failed",
                                                       "timeout",
                                                       "worker_lost",
                                                       "cancelled",
                                                       "plugin_error",
                                                       "stuck",
                                                       "internal"};

/// Codes of what failed or was stopped; the others also say why something waits.
constexpr std::array<std::string_view, 9> kFailures = {
    "superseded", "planner_rejected_input", "job_failed", "needs_failed",
    "cancelled",  "plugin_error",           "timeout",    "worker_lost",
    "internal"};

bool isOneOf(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether everything that the query fits failed or was stopped.
bool asksForAttention(const Table& table, const ListQuery& query) {
  if (query.reason && isOneOf(kFailures, *query.reason)) return true;
  if (!query.status) return false;
  std::string_view rest = *query.status;
  for (;;) {
    const auto comma = rest.find(',');
    if (!isOneOf(table.attention, rest.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

/// "a,b" as a Postgres array. Invalid names the first unknown word.
Result<std::optional<std::string>> statusArray(const Table& table,
                                               const std::optional<std::string>& text) {
  if (!text) return std::optional<std::string>();
  PgArray out;
  std::string_view rest = *text;
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (std::find(table.statuses.begin(), table.statuses.end(), word) == table.statuses.end())
      return badParameter("status", fmt::format("\"{}\" is no status of a {}; there are {}.", word,
                                                table.noun, fmt::join(table.statuses, ", ")));
    out.add(word);
    if (comma == std::string_view::npos) return std::optional(out.take());
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Listings::Total Listings::total(Listed what, const ListQuery& query,
                                const std::optional<std::string>& statuses) {
  const Table& table = tableOf(what);
  const std::string key =
      fmt::format("{}\n{}\n{}\n{}\n{}", table.list, query.queue.value_or("\1"),
                  statuses.value_or("\1"), query.text.value_or("\1"), query.reason.value_or("\1"));
  const int window = query.text || query.reason ? kSearchWindow : kTotalWindow;
  return totals_.get(key, [&] {
    const Rows rows = parts_.database.lease()->run(
        table.total, {kNewest, query.queue, statuses, query.text, query.reason, window, 1,
                      asksForAttention(table, query)});
    return Total{rows.number(0, 0), rows.number(0, 1) >= window};
  });
}

Result<std::string> Listings::list(Listed what, const ListQuery& query) {
  const Table& table = tableOf(what);
  const auto statuses = statusArray(table, query.status);
  if (!statuses) return statuses.error();
  if (query.reason && std::find(kReasons.begin(), kReasons.end(), *query.reason) == kReasons.end())
    return badParameter("reason", fmt::format("\"{}\" is no reason code; there are {}.",
                                              *query.reason, fmt::join(kReasons, ", ")));
  const auto before = cursorNumber(query.cursor, kNewest);
  if (!before) return before.error();

  auto connection = parts_.database.lease();
  const SteadyTime end = parts_.clock.steady() + kListPatience;
  const bool attention = asksForAttention(table, query);
  std::vector<std::string> items;
  std::string next;
  for (std::int64_t below = *before;;) {
    const int missing = query.limit - static_cast<int>(items.size());
    const Rows rows =
        connection->run(table.list, {below, query.queue, *statuses, query.text, query.reason,
                                     kListWindow, missing + 1, attention});
    const auto found = std::min<std::size_t>(rows.size(), static_cast<std::size_t>(missing));
    for (std::size_t i = 0; i < found; ++i) items.push_back(rows.text(i, 1));
    if (rows.size() > found) {  // one more is there
      next = cursorText(found == 0 ? below : rows.number(found - 1, 0));
      break;
    }
    const Rows window = connection->run(table.window, {below, kListWindow, attention});
    if (window.number(0, 1) < kListWindow) break;  // that was the last one
    below = window.number(0, 0);
    if (parts_.clock.steady() >= end) {
      next = cursorText(below);
      break;
    }
  }
  if (!query.cursor && next.empty())  // that is all there is
    return pageJson(items, next, static_cast<std::int64_t>(items.size()), false);
  const Total count = total(what, query, *statuses);
  return pageJson(items, next, count.count, count.isLowerBound);
}

Result<std::string> Listings::item(Listed what, std::int64_t id) const {
  const Table& table = tableOf(what);
  auto connection = parts_.database.lease();
  const Rows rows = connection->run(table.item, {id});
  if (rows.empty()) return missing(*connection, table.noun, id);
  return rows.text(0, 0);
}

Result<std::string> Listings::explain(Listed what, std::int64_t id) const {
  const Table& table = tableOf(what);
  auto connection = parts_.database.lease();
  const Rows rows = connection->run(table.explain, {id});
  if (rows.empty()) return missing(*connection, table.noun, id);
  return rows.text(0, 0);
}

Result<std::string> Listings::jobsOfBuild(std::int64_t build, std::optional<std::string> cursor,
                                          int limit) const {
  const auto after = cursorNumber(cursor, -1);
  if (!after) return after.error();
  auto connection = parts_.database.lease();
  if (connection->run("api_build", {build}).empty()) return missing(*connection, "build", build);
  const Rows rows = connection->run("api_build_jobs", {build, *after, limit + 1});
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size() && items.size() < static_cast<std::size_t>(limit); ++i)
    items.push_back(rows.text(i, 1));
  const bool isMore = rows.size() > items.size();
  return pageJson(items, isMore ? cursorText(rows.number(items.size() - 1, 0)) : "",
                  connection->run("api_build_jobs_total", {build}).number(0, 0), false);
}

Result<std::string> Listings::jobsOfPlan(std::int64_t plan, std::optional<std::string> cursor,
                                         int limit) const {
  const auto after = cursorNumber(cursor, -1);
  if (!after) return after.error();
  auto connection = parts_.database.lease();
  const Rows found = connection->run("api_plan", {plan});
  if (found.empty()) return missing(*connection, "plan", plan);
  const std::int64_t build = found.number(0, 3);
  if (build != 0 && connection->run("api_build_jobs_total", {build}).number(0, 0) > 0)
    return jobsOfBuild(build, cursor, limit);

  const auto digest = Digest::parse(found.text(0, 1));
  auto document = parts_.blobs.open(*digest);
  if (!document)
    return Error{ErrorKind::Gone,
                 fmt::format("The document of plan {} is not in the blob store any more.", plan),
                 "pruned",
                 {}};
  const Rows rows =
      connection->run("api_planned_jobs", {plan, readAll(document->get()), *after, limit + 1});
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size() && items.size() < static_cast<std::size_t>(limit); ++i)
    items.push_back(rows.text(i, 1));
  const bool isMore = rows.size() > items.size();
  return pageJson(items, isMore ? cursorText(rows.number(items.size() - 1, 0)) : "",
                  rows.empty() ? 0 : rows.number(0, 2), false);
}

}  // namespace planwright
