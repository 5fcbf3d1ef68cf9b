#include "webhooks/event_deliveries.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/pg_array.h"
#include "webhooks/cloud_event.h"
#include "webhooks/forge_status.h"

namespace planwright {

namespace {

std::string listOf(const std::vector<std::string>& texts) {
  JsonWriter json;
  json.array();
  for (const auto& text : texts) json.value(text);
  return json.end().take();
}

std::int64_t signedOf(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

std::optional<WebhookMessage> messageOf(const Webhook& webhook, const Row& row,
                                        std::uint64_t epoch) {
  const StoredEvent event = storedEvent(row, epoch);
  if (webhook.kind == WebhookKind::Events) return cloudEventMessage(webhook, event);
  return forgeMessage(webhook, event,
                      {std::string(row.text("commit")), std::string(row.text("filename"))});
}

/// Where a webhook goes on. A restore numbers all events before it 1, and keeps their ids.
EventPlace startOf(const Webhook& webhook, std::uint64_t epoch) {
  const EventPlace place = EventPlace::parse(webhook.place).value_or(EventPlace{});
  if (place.epoch == epoch || place == EventPlace{}) return {epoch, place.xid, place.id};
  return {epoch, 1, place.id};
}

}  // namespace

void addDeliveries(Connection& connection, std::int64_t webhook,
                   const std::vector<WebhookMessage>& messages, WallTime now) {
  if (messages.empty()) return;
  PgArray ids, places, epochs, xids, events, subjects, types, urls, headers, bodies;
  for (const auto& message : messages) {
    ids.add(message.id);
    places.add(message.placeText);
    epochs.add(signedOf(message.place.epoch));
    xids.add(signedOf(message.place.xid));
    events.add(signedOf(message.place.id));
    subjects.add(message.subject);
    types.add(message.type);
    urls.add(message.url);
    headers.add(listOf(message.headers));
    bodies.add(message.body);
  }
  connection.run("deliveries_add", {webhook, toRfc3339(now), ids.take(), places.take(),
                                    epochs.take(), xids.take(), events.take(), subjects.take(),
                                    types.take(), urls.take(), headers.take(), bodies.take()});
}

bool collectEvents(Connection& connection, const Webhook& webhook, int looked, WallTime now) {
  const std::uint64_t epoch = newestPlace(connection).epoch;
  const EventPlace start = startOf(webhook, epoch);
  const Rows rows = connection.run(
      "webhook_events",
      {std::to_string(start.xid), std::to_string(start.id), webhook.queues, webhook.types, looked});
  if (rows.empty()) return false;
  std::vector<WebhookMessage> messages;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows.flag(i, "is_wanted")) continue;
    if (auto message = messageOf(webhook, Row(rows, i), epoch))
      messages.push_back(std::move(*message));
  }
  const std::size_t last = rows.size() - 1;
  const EventPlace end{epoch, static_cast<std::uint64_t>(rows.number(last, "xid")),
                       static_cast<std::uint64_t>(rows.number(last, "id"))};
  Transaction together(connection);
  if (connection.run("webhook_moved", {webhook.id, webhook.place, end.text()}).empty())
    return true;  // somebody wants it elsewhere
  addDeliveries(connection, webhook.id, messages, now);
  together.commit();
  return rows.number(last, "looked") >= looked;
}

}  // namespace planwright
