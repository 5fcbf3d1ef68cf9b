#include "control/event_log.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "control/item_json.h"
#include "control/pages.h"
#include "control/query_key.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

/// Marks a cursor that leads to older events, so that it is not used to continue with newer ones.
constexpr std::string_view kBackwards = "b";
/// Stands for events that were deleted by age.
constexpr std::string_view kPruned = "events.pruned";
constexpr std::string_view kPrunedMessage = "Older events were deleted by age.";

std::optional<std::string> typesArray(const std::optional<std::string>& types) {
  if (!types) return std::nullopt;
  PgArray out;
  std::string_view rest = *types;
  while (true) {
    const auto comma = rest.find(',');
    out.add(rest.substr(0, comma));
    if (comma == std::string_view::npos) return out.take();
    rest.remove_prefix(comma + 1);
  }
}

EventPlace placeOf(const Row& event, std::uint64_t epoch) {
  return {epoch, static_cast<std::uint64_t>(event.number("xid")),
          static_cast<std::uint64_t>(event.number("id"))};
}

/// A CloudEvents 1.0 event; `id` is the cursor of the stream.
void writeEvent(JsonWriter& json, const Row& event, const std::string& place) {
  const std::string_view type = event.text("type"), queue = event.text("queue");
  json.object()
      .member("specversion", "1.0")
      .member("id", place)
      .member("source", queue.empty() ? std::string("/planwright")
                                      : fmt::format("/planwright/queues/{}", queue))
      .member("type", type)
      .member("subject", event.text("subject"));
  writeTime(json, "time", event, "at")
      .member("datacontenttype", "application/json")
      .member("queue", queue)
      .member("level", event.text("level"))
      .member("actor", event.text("actor"))
      .key("data")
      .object()
      .member("message", type == kPruned ? kPrunedMessage : event.text("message"))
      .membersOf(event.text("body"))
      .end()
      .end();
}

std::string textOf(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

EventPlace newestPlace(Connection& connection) {
  const Rows rows = connection.run("api_events_place");
  return {static_cast<std::uint64_t>(rows.number(0, "epoch")),
          static_cast<std::uint64_t>(rows.number(0, "xid")),
          static_cast<std::uint64_t>(rows.number(0, "id"))};
}

StoredEvent storedEvent(const Row& event, std::uint64_t epoch) {
  const EventPlace place = placeOf(event, epoch);
  JsonWriter json;
  writeEvent(json, event, place.text());
  return {.place = place,
          .type = std::string(event.text("type")),
          .subject = std::string(event.text("subject")),
          .queue = std::string(event.text("queue")),
          .json = json.take()};
}

std::string EventPlace::text() const {
  return fmt::format("{}-{}-{}", epoch, xid, id);
}

std::optional<EventPlace> EventPlace::parse(std::string_view text) {
  if (text == "0") return EventPlace{};
  std::array<std::uint64_t, 3> numbers{};
  const char* at = text.data();
  const char* const last = text.data() + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == last || *at++ != '-')) return std::nullopt;
    const auto [end, error] = std::from_chars(at, last, numbers[i]);
    if (error != std::errc() || numbers[i] > INT64_MAX) return std::nullopt;
    at = end;
  }
  if (at != last) return std::nullopt;
  return EventPlace{numbers[0], numbers[1], numbers[2]};
}

Result<std::string> EventLog::page(const EventQuery& query) const {
  if (query.subject) {  // by an index that is read as a bitmap, which statements by keys do without
    auto answer = read(*parts_.database.lease(), query);
    if (!answer) return answer.error();
    return std::move(answer->json);
  }
  const std::string key =
      queryKey(query.after, query.types, query.level, PgArray::of(query.queues), query.limit);
  return answers_.get(key, !query.after,
                      [&](Connection& connection) { return read(connection, query); });
}

Result<ReadAnswer> EventLog::read(Connection& connection, const EventQuery& query) {
  if (query.level && *query.level != "info" && *query.level != "warning" && *query.level != "error")
    return badParameter("level", "The levels are info, warning and error.");
  const bool isBackwards = !query.after || query.after->starts_with(kBackwards);
  std::optional<EventPlace> place;
  if (query.after) {
    place = EventPlace::parse(
        std::string_view(*query.after).substr(isBackwards ? kBackwards.size() : 0));
    if (!place) return badParameter("after", "It is not a cursor of the events.");
  }
  const EventPlace newest = newestPlace(connection);
  if (place && !isBackwards && place->epoch != newest.epoch)
    place = EventPlace{};  // the database was restored since: its numbers mean nothing now
  const auto types = typesArray(query.types), queues = PgArray::of(query.queues);
  const auto statement = [&](const char* any, const char* ofSubject) {
    return query.subject ? ofSubject : any;
  };
  const Rows rows =
      !place        ? connection.run(statement("api_events_newest", "api_events_newest_of"),
                                     {types, query.subject, query.level, query.limit, queues})
      : isBackwards ? connection.run(statement("api_events_before", "api_events_before_of"),
                                     {types, query.subject, query.level, query.limit, queues,
                                      textOf(place->xid), textOf(place->id)})
                    : connection.run(statement("api_events_after", "api_events_after_of"),
                                     {textOf(place->xid), textOf(place->id), types, query.subject,
                                      query.level, query.limit, queues});
  JsonWriter json;
  json.object().key("items").array();
  EventPlace last = place.value_or(newest);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row event(rows, i);
    last = placeOf(event, newest.epoch);
    const std::string cursor = last.text();
    json.object().member("cursor", cursor).key("event");
    writeEvent(json, event, cursor);
    json.end();
  }
  json.end();
  const bool isFull = rows.size() == static_cast<std::size_t>(query.limit);
  if (!isBackwards) {
    last.epoch = newest.epoch;
    json.member("next_cursor", last.text());
  } else {
    json.textOrNull("next_cursor", isFull ? std::string(kBackwards) + last.text() : "");
    json.member("newest_cursor", newest.text());
  }
  return ReadAnswer{json.end().take()};
}

std::vector<StoredEvent> EventLog::after(const EventPlace& place, int limit) const {
  auto connection = parts_.database.lease(Workload::Keyed);
  const EventPlace current = newestPlace(*connection);
  const EventPlace from = place.epoch == current.epoch ? place : EventPlace{};
  const Rows rows =
      connection->run("api_events_after", {textOf(from.xid), textOf(from.id), std::nullopt,
                                           std::nullopt, std::nullopt, limit, std::nullopt});
  std::vector<StoredEvent> out;
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back(storedEvent(Row(rows, i), current.epoch));
  return out;
}

EventPlace EventLog::newest() const {
  return newestPlace(*parts_.database.lease(Workload::Keyed));
}

bool EventLog::isHeldBack() const {
  return parts_.database.lease(Workload::Keyed)->run("api_events_place").flag(0, "is_held_back");
}

}  // namespace planwright
