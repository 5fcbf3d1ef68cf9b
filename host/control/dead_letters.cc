#include "control/dead_letters.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "base/failure.h"
#include "base/json.h"
#include "control/item_json.h"
#include "control/pages.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

/// Letters looked at by one statement; a page that found less has a cursor to go on.
constexpr int kLetterWindow = 10'000;
/// What the page calls trying again.
constexpr std::string_view kRequeue = "Requeue";

Result<void> check(const LetterFilter& filter) {
  if (filter.kind && *filter.kind != "input" && *filter.kind != "plan")
    return badParameter("kind", "It is \"input\" or \"plan\".");
  if (filter.klass && toText(failureClassFrom(*filter.klass)) != *filter.klass)
    return badParameter("class",
                        fmt::format("\"{}\" is no class of failures; there are rejected, failed, "
                                    "infra, timeout, limit, config, bug, cancelled.",
                                    *filter.klass));
  return {};
}

std::string letterJson(const Row& letter) {
  const std::string_view code = letter.text("reason_code"), answer = letter.text("answer");
  JsonWriter json;
  json.object();
  writeNumber(json, "id", letter);
  writeText(json, "kind", letter);
  json.member("item_id", letter.number("item"));
  for (const auto* name : {"queue", "name", "class"}) writeText(json, name, letter);
  json.key("reason");
  writeReason(json, {std::string(code), std::string(letter.text("error")),
                     failureHint(code, kRequeue), rfc3339(letter.text("died_at"))});
  writeText(json, "cause", letter);
  writeNumber(json, "attempts", letter);
  writeTime(json, "died_at", letter);
  json.member("status", answer.empty() ? "waiting" : answer);
  writeTime(json, "answered_at", letter);
  return json
      .member("item_url",
              fmt::format("/api/{}/{}", letter.text("kind") == "plan" ? "plans" : "pending-inputs",
                          letter.text("item")))
      .end()
      .take();
}

std::string causeJson(const Row& cause) {
  const std::string_view code = cause.text("reason_code");
  JsonWriter json;
  json.object();
  for (const auto* name : {"cause", "title", "kind", "class"}) writeText(json, name, cause);
  writeNumber(json, "count", cause);
  json.key("reason");
  writeReason(json, {std::string(code), std::string(cause.text("title")),
                     failureHint(code, kRequeue), rfc3339(cause.text("first_at"))});
  for (const auto* name : {"first_at", "last_at"}) writeTime(json, name, cause);
  return json.rawMember("samples", cause.text("samples")).end().take();
}

std::string bulkJson(const Row& bulk) {
  JsonWriter json;
  json.object();
  writeNumber(json, "id", bulk);
  for (const auto* name : {"action", "target"}) writeText(json, name, bulk);
  json.rawMember("filter", bulk.text("filter"));
  writeText(json, "actor", bulk);
  json.member("status", bulk.isNull("finished_at") ? "running" : "done");
  for (const auto* name : {"matched", "done"}) writeNumber(json, name, bulk);
  for (const auto* name : {"created_at", "finished_at"}) writeTime(json, name, bulk);
  return json.end().take();
}

Error noSuchLetter(std::int64_t id) {
  return notFound(fmt::format("There is no dead letter {}.", id));
}

}  // namespace

std::string LetterFilter::json() const {
  JsonWriter json;
  json.object();
  const auto add = [&json](std::string_view name, const std::optional<std::string>& value) {
    if (value) json.member(name, *value);
  };
  add("queue", queue);
  if (queues) {
    json.key("queues").array();
    for (const auto& name : *queues) json.value(name);
    json.end();
  }
  add("kind", kind);
  add("class", klass);
  add("reason", reason);
  add("cause", cause);
  add("q", text);
  return json.end().take();
}

Result<std::string> DeadLetters::list(const LetterFilter& filter,
                                      const std::optional<std::string>& cursor, int limit) const {
  if (const auto ok = check(filter); !ok) return ok.error();
  const auto below = cursorNumber(cursor, kNewest);
  if (!below) return below.error();
  auto connection = parts_.database.lease();
  const std::string json = filter.json();
  const Rows rows = connection->run("dead_letters", {*below, json, kLetterWindow, limit + 1});
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size() && items.size() < static_cast<std::size_t>(limit); ++i)
    items.push_back(letterJson(Row(rows, i)));
  std::string next;
  if (rows.size() > items.size()) {
    next = cursorText(Row(rows, items.size() - 1).number("id"));
  } else {
    const Rows window = connection->run("dead_letters_window", {*below, kLetterWindow});
    if (window.number(0, 1) >= kLetterWindow) next = cursorText(window.number(0, 0));
  }
  const Rows total = connection->run("dead_letters_total", {json, kLetterWindow});
  return pageJson(items, next, total.number(0, 0), total.number(0, 1) >= kLetterWindow);
}

Result<std::string> DeadLetters::causes(const LetterFilter& filter) const {
  if (const auto ok = check(filter); !ok) return ok.error();
  const Rows rows =
      parts_.database.lease()->run("dead_letter_causes", {filter.json(), kLetterWindow});
  std::vector<std::string> items;
  for (std::size_t i = 0; i < rows.size(); ++i) items.push_back(causeJson(Row(rows, i)));
  const auto count = static_cast<std::int64_t>(items.size());
  return pageJson(items, "", count, false);
}

Result<std::string> DeadLetters::item(std::int64_t id) const {
  const Rows rows = parts_.database.lease()->run("dead_letter", {id});
  if (rows.empty()) return noSuchLetter(id);
  return letterJson(Row(rows, 0));
}

Result<std::string> DeadLetters::requeue(std::int64_t id, const std::string& actor) const {
  const Rows rows = parts_.database.lease()->run("dead_letter", {id});
  if (rows.empty()) return noSuchLetter(id);
  const Row letter(rows, 0);
  if (!letter.isNull("answer"))
    return conflict(fmt::format("Dead letter {} was {} before.", id, letter.text("answer")),
                    "answered");
  const std::int64_t item = letter.number("item");
  const auto done = letter.text("kind") == "input"
                        ? actions_.enqueuePlan(item, false, actor)
                        : actions_.enqueueBuild(
                              {.plan = item, .onlyFailed = true, .force = false, .actor = actor});
  if (!done) return done.error();
  return this->item(id);
}

Result<std::string> DeadLetters::discard(std::int64_t id, const std::string& actor) const {
  {
    auto connection = parts_.database.lease();
    const Rows letter = connection->run("dead_letter", {id});
    if (letter.empty()) return noSuchLetter(id);
    if (connection->run("discard_letters", {PgArray().add(id).take(), actor}).empty())
      return conflict(
          fmt::format("Dead letter {} was {} before.", id, Row(letter, 0).text("answer")),
          "answered");
  }
  parts_.bell.ring();
  return item(id);
}

Result<std::string> DeadLetters::tryBulk(const BulkWish& wish) const {
  if (const auto ok = check(wish.filter); !ok) return ok.error();
  const Rows total = parts_.database.lease()->run(
      "dead_letters_total", {wish.filter.json(), std::numeric_limits<int>::max()});
  const std::int64_t matched = total.number(0, 0);  // a letter that waits may always be answered
  return JsonWriter()
      .object()
      .member("matched", matched)
      .member("eligible", matched)
      .member("refused", 0)
      .key("refusals_by_code")
      .object()
      .end()
      .end()
      .take();
}

Result<DeadLetters::Bulk> DeadLetters::startBulk(const BulkWish& wish) const {
  if (const auto ok = check(wish.filter); !ok) return ok.error();
  auto connection = parts_.database.lease();
  const std::string filter = wish.filter.json();
  const std::int64_t newest = connection->run("dead_letters_newest").number(0, 0);
  const std::int64_t matched =
      connection->run("dead_letters_total", {filter, std::numeric_limits<int>::max()}).number(0, 0);
  if (wish.expected && *wish.expected != matched)
    return conflict(fmt::format("{} dead letters fit now, not {}.", matched, *wish.expected),
                    "changed");
  const Rows rows = connection->run(
      "bulk_begin", {wish.action, "dead-letters", filter, wish.actor, matched, newest});
  const Row begun(rows, 0);
  return Bulk{begun.number("id"), bulkJson(begun)};
}

Result<std::string> DeadLetters::bulk(std::int64_t id, const std::string& actor) const {
  const Rows rows = parts_.database.lease()->run("bulk_operation", {id});
  if (rows.empty() || (!actor.empty() && rows.text(0, "actor") != actor))
    return notFound(fmt::format("There is no bulk operation {}.", id));
  return bulkJson(Row(rows, 0));
}

}  // namespace planwright
