#include "control/listings.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/json.h"
#include "control/explain.h"
#include "control/item_json.h"
#include "control/missing.h"
#include "control/pages.h"
#include "control/query_key.h"
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

/// The statements and words of one table.
struct Table {
  Listed what;
  std::string_view noun, item, list, filtered, attention, newest, window, total;
  std::vector<std::string_view> statuses;
  std::vector<std::string_view> ended;  ///< those of what failed or was stopped
};

const Table& tableOf(Listed what) {
  static const std::array<Table, 4> tables = {
      Table{Listed::Inputs,
            "input",
            "api_input",
            "api_inputs",
            "api_inputs_filtered",
            "api_inputs_attention",
            "api_inputs_newest",
            "api_inputs_window",
            "api_inputs_total",
            {"pending", "planning", "planned", "failed", "superseded", "cancelled"},
            {"failed", "superseded", "cancelled"}},
      Table{Listed::Plans,
            "plan",
            "api_plan",
            "api_plans",
            "api_plans_filtered",
            "api_plans_attention",
            "api_plans_newest",
            "api_plans_window",
            "api_plans_total",
            {"ready_for_build", "building", "built", "failed", "superseded", "cancelled"},
            {"failed", "superseded", "cancelled"}},
      Table{Listed::Builds,
            "build",
            "api_build",
            "api_builds",
            "api_builds_filtered",
            "api_builds_attention",
            "api_builds_newest",
            "api_builds_window",
            "api_builds_total",
            {"building", "built", "failed", "cancelled"},
            {"failed", "cancelled"}},
      Table{Listed::Jobs,
            "job",
            "api_job",
            "api_jobs",
            "api_jobs_filtered",
            "api_jobs_attention",
            "api_jobs_newest",
            "api_jobs_window",
            "api_jobs_total",
            {"blocked", "ready", "running", "succeeded", "cached", "failed", "timed_out",
             "dep_failed", "cancelled"},
            {"failed", "timed_out", "dep_failed", "cancelled"}},
  };
  return tables[static_cast<std::size_t>(what)];
}

bool isOneOf(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether everything that the query fits failed or was stopped.
bool asksForAttention(const Table& table, const ListQuery& query) {
  if (query.reason && reasonCode(*query.reason)->isEnd) return true;
  if (!query.status) return false;
  std::string_view rest = *query.status;
  for (;;) {
    const auto comma = rest.find(',');
    if (!isOneOf(table.ended, rest.substr(0, comma))) return false;
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

/// Invalid: there is no such code.
Result<void> checkReason(const std::optional<std::string>& code) {
  if (!code || reasonCode(*code)) return {};
  std::vector<std::string_view> all;
  for (const auto& each : reasonCodes()) all.push_back(each.code);
  return badParameter("reason", fmt::format("\"{}\" is no reason code; there are {}.", *code,
                                            fmt::join(all, ", ")));
}

}  // namespace

/// A page of rows that is being filled.
class Listings::Page {
 public:
  Page(Listed what, Connection& connection, int limit)
      : what_(what),
        connection_(connection),
        limit_(static_cast<std::size_t>(limit)) {
    json_.object().key("items").array();
  }
  std::size_t size() const { return size_; }
  int missing() const { return static_cast<int>(limit_ - size_); }
  /// Takes what is missing. Gives the number of the last row that it took, in `column`, if there is
  /// one more; `fallback` when it took none.
  std::optional<std::int64_t> add(const Rows& rows, std::string_view column,
                                  std::int64_t fallback) {
    const std::size_t taken = std::min(rows.size(), limit_ - size_);
    writeItems(json_, what_, connection_, rows, taken);
    for (std::size_t i = 0; i < taken && what_ != Listed::Builds; ++i)
      changesByItself_ = changesByItself_ || !rows.isNull(i, "next_attempt_at");
    size_ += taken;
    if (rows.size() == taken) return std::nullopt;
    return taken == 0 ? fallback : Row(rows, taken - 1).number(column);
  }
  ReadAnswer end(std::optional<std::int64_t> next, std::int64_t total, bool isLowerBound = false) {
    endPage(json_, next ? cursorText(*next) : "", total, isLowerBound);
    return {json_.take(), changesByItself_};
  }

 private:
  const Listed what_;
  Connection& connection_;
  const std::size_t limit_;
  JsonWriter json_;
  std::size_t size_ = 0;
  bool changesByItself_ = false;  ///< an item waits for a time
};

struct Listings::Search {
  Listed what;
  const ListQuery& query;
  std::int64_t before = kNewest;        ///< only ids below this
  std::optional<std::string> statuses;  ///< as a Postgres array
  bool isNarrowed = false;              ///< not all fits
  bool isOfEnded = false;               ///< all that fits failed or was stopped
};

std::optional<std::int64_t> Listings::fill(Page& page, Connection& connection,
                                           const Search& search) const {
  const Table& table = tableOf(search.what);
  const ListQuery& query = search.query;
  const auto fromNewest = [&](std::int64_t below) {
    const Rows newest = connection.run(table.newest, {below, search.isOfEnded});
    return newest.isNull(0, "id") ? std::nullopt : std::optional(newest.number(0, "id") + 1);
  };
  const SteadyTime end = parts_.clock.steady() + kListPatience;
  auto below = search.before == kNewest ? fromNewest(kNewest) : std::optional(search.before);
  while (below) {
    // Hardly a window of ids is without rows, but many are without ended ones.
    const std::int64_t first =
        search.isOfEnded
            ? connection.run(table.window, {*below, kListWindow, true}).number(0, "first_id")
            : *below - kListWindow;
    const Rows rows = connection.run(search.isOfEnded ? table.attention : table.filtered,
                                     {*below, PgArray::of(query.queues), search.statuses,
                                      query.text, query.reason, first, page.missing() + 1});
    if (const auto next = page.add(rows, "id", *below)) return next;
    below = fromNewest(first);
    if (parts_.clock.steady() >= end) return below;
  }
  return std::nullopt;
}

Listings::Total Listings::total(Connection& connection, const Search& search) {
  if (!search.isNarrowed) {
    const auto read = [&] {
      const Rows rows = connection.run(tableOf(search.what).window, {kNewest, kTotalWindow, false});
      return Total{rows.number(0, "seen"), rows.number(0, "seen") >= kTotalWindow};
    };
    return totals_.get(std::string(tableOf(search.what).list), read);
  }
  const auto& query = search.query;
  const std::string_view list = tableOf(search.what).total;
  const std::string key =
      queryKey(list, PgArray::of(query.queues), search.statuses, query.text, query.reason);
  const int window = query.text || query.reason ? kSearchWindow : kTotalWindow;
  return totals_.get(key, [&] {
    const Rows rows = connection.run(list, {kNewest, PgArray::of(query.queues), search.statuses,
                                            query.text, query.reason, window, search.isOfEnded});
    return Total{rows.number(0, "fitting"), rows.number(0, "seen") >= window};
  });
}

Result<std::string> Listings::list(Listed what, const ListQuery& query) {
  const std::string key = queryKey(static_cast<int>(what), PgArray::of(query.queues), query.status,
                                   query.text, query.reason, query.cursor, query.limit);
  const bool isFirstPage = !query.cursor && !query.reason;  // reasons come and go by the clock
  return answers_.get(key, isFirstPage,
                      [&](Connection& connection) { return read(connection, what, query); });
}

Result<ReadAnswer> Listings::read(Connection& connection, Listed what, const ListQuery& query) {
  const Table& table = tableOf(what);
  auto statuses = statusArray(table, query.status);
  if (!statuses) return statuses.error();
  if (const auto ok = checkReason(query.reason); !ok) return ok.error();
  const auto before = cursorNumber(query.cursor, kNewest);
  if (!before) return before.error();

  const bool isNarrowed = query.queues || query.status || query.text || query.reason;
  const Search search{
      what, query, *before, std::move(*statuses), isNarrowed, asksForAttention(table, query)};
  Page page(what, connection, query.limit);
  std::optional<std::int64_t> next;
  if (isNarrowed) {
    next = fill(page, connection, search);
  } else {
    next = page.add(connection.run(table.list, {*before, query.limit + 1}), "id", *before);
  }
  if (!query.cursor && !next)  // that is all there is
    return page.end(next, static_cast<std::int64_t>(page.size()));
  const Total count = total(connection, search);
  return page.end(next, count.count, count.isLowerBound);
}

Result<std::string> Listings::item(Listed what, std::int64_t id) const {
  const Table& table = tableOf(what);
  auto connection = parts_.database.lease(Workload::Keyed);
  const Rows rows = connection->run(table.item, {id});
  if (rows.empty()) return missing(*connection, table.noun, id);
  return itemJson(what, *connection, rows);
}

Result<std::string> Listings::explain(Listed what, std::int64_t id) const {
  return planwright::explain(what, *parts_.database.lease(Workload::Keyed), id);
}

Result<std::string> Listings::jobsOfBuild(std::int64_t build,
                                          const std::optional<std::string>& cursor,
                                          int limit) const {
  const auto after = cursorNumber(cursor, -1);
  if (!after) return after.error();
  auto connection = parts_.database.lease(Workload::Keyed);
  if (connection->run("api_build", {build}).empty()) return missing(*connection, "build", build);
  return jobsPage(*connection, build, *after, limit);
}

std::string Listings::jobsPage(Connection& connection, std::int64_t build, std::int64_t after,
                               int limit) {
  Page page(Listed::Jobs, connection, limit);
  const auto next =
      page.add(connection.run("api_build_jobs", {build, after, limit + 1}), "position", after);
  return page.end(next, connection.run("api_build_jobs_total", {build}).number(0, "jobs")).json;
}

Result<std::string> Listings::jobsOfPlan(std::int64_t plan,
                                         const std::optional<std::string>& cursor,
                                         int limit) const {
  const auto after = cursorNumber(cursor, -1);
  if (!after) return after.error();
  auto connection = parts_.database.lease(Workload::Keyed);
  const Rows found = connection->run("api_plan", {plan});
  if (found.empty()) return missing(*connection, "plan", plan);
  const std::int64_t build = Row(found, 0).number("build_id");
  if (build != 0 && connection->run("api_build_jobs_total", {build}).number(0, "jobs") > 0)
    return jobsPage(*connection, build, *after, limit);
  return plannedJobs(plan, std::string(Row(found, 0).text("plan_digest")), *after, limit);
}

Result<std::string> Listings::plannedJobs(std::int64_t plan, const std::string& digest,
                                          std::int64_t after, int limit) const {
  auto document = parts_.blobs.open(*Digest::parse(digest));
  if (!document && isLostBlob(document.error())) return document.error();
  if (!document)
    return Error{ErrorKind::Gone,
                 fmt::format("The document of plan {} is not in the blob store any more.", plan),
                 "pruned",
                 {}};
  const auto read = parseJson(readAll(document->get()));
  const JsonValue* jobs = read ? find(*read, "jobs") : nullptr;
  const int count = jobs && jobs->IsArray() ? static_cast<int>(jobs->Size()) : 0;
  const int first = static_cast<int>(std::min<std::int64_t>(after + 1, count));
  const int last = std::min(count, first + limit);
  JsonWriter json;
  json.object().key("items").array();
  for (int i = first; i < last; ++i)
    writePlannedJob(json, plan, (*jobs)[static_cast<rapidjson::SizeType>(i)], i);
  endPage(json, last < count ? cursorText(last - 1) : "", count, false);
  return json.take();
}

}  // namespace planwright
