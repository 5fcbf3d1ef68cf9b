#include "control/event_log.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "control/pages.h"
#include "store/pg_array.h"

namespace planwright {

namespace {

/// Marks a cursor that goes back in time, so that it is not taken for one to go on from.
constexpr std::string_view kBackwards = "b";

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

EventPlace placeOf(const Rows& rows, std::size_t i, std::uint64_t epoch) {
  return {epoch, static_cast<std::uint64_t>(rows.number(i, 0)),
          static_cast<std::uint64_t>(rows.number(i, 1))};
}

}  // namespace

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
  if (query.level && *query.level != "info" && *query.level != "warning" && *query.level != "error")
    return badParameter("level", "The levels are info, warning and error.");
  const bool isBackwards = !query.after || query.after->starts_with(kBackwards);
  std::optional<EventPlace> place;
  if (query.after) {
    place = EventPlace::parse(
        std::string_view(*query.after).substr(isBackwards ? kBackwards.size() : 0));
    if (!place) return badParameter("after", "It is not a cursor of the events.");
  }
  const EventPlace newestPlace = newest();
  if (place && !isBackwards && place->epoch != newestPlace.epoch)
    place = EventPlace{};  // the database was restored since: its numbers mean nothing now
  auto connection = parts_.database.lease();
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const Rows rows =
      connection->run(isBackwards ? "api_events_newest" : "api_events_after",
                      {place ? std::optional(number(place->xid)) : std::nullopt,
                       place ? std::optional(number(place->id)) : std::nullopt,
                       typesArray(query.types), query.subject, query.level, query.limit});
  JsonWriter json;
  json.object().key("items").array();
  EventPlace last = place.value_or(newestPlace);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    last = placeOf(rows, i, newestPlace.epoch);
    json.object().member("cursor", last.text()).rawMember("event", rows.text(i, 4)).end();
  }
  json.end();
  const bool isFull = rows.size() == static_cast<std::size_t>(query.limit);
  if (!isBackwards) {
    last.epoch = newestPlace.epoch;
    json.member("next_cursor", last.text());
  } else {
    json.textOrNull("next_cursor", isFull ? std::string(kBackwards) + last.text() : "");
    json.member("newest_cursor", newestPlace.text());
  }
  return json.end().take();
}

std::vector<StoredEvent> EventLog::after(const EventPlace& place, int limit) const {
  const EventPlace current = newest();
  const EventPlace from = place.epoch == current.epoch ? place : EventPlace{};
  const Rows rows = parts_.database.lease()->run(
      "api_events_after", {std::to_string(from.xid), std::to_string(from.id), std::nullopt,
                           std::nullopt, std::nullopt, limit});
  std::vector<StoredEvent> out;
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    out.push_back({.place = placeOf(rows, i, current.epoch),
                   .type = rows.text(i, 2),
                   .subject = rows.text(i, 3),
                   .json = rows.text(i, 4)});
  return out;
}

EventPlace EventLog::newest() const {
  const Rows rows = parts_.database.lease()->run("api_events_place");
  return {static_cast<std::uint64_t>(rows.number(0, 0)),
          static_cast<std::uint64_t>(rows.number(0, 1)),
          static_cast<std::uint64_t>(rows.number(0, 2))};
}

bool EventLog::isHeldBack() const {
  return parts_.database.lease()->run("api_events_place").flag(0, 3);
}

}  // namespace planwright
