#include "webhooks/webhooks.h"

#include <fmt/format.h>

#include "base/json.h"
#include "control/pages.h"
#include "store/pg_array.h"
#include "webhooks/cloud_event.h"
#include "webhooks/event_deliveries.h"
#include "webhooks/signature.h"

namespace planwright {

namespace {

constexpr std::int64_t kMostCounted = 10'000;

Error noWebhook(std::int64_t id) {
  return notFound(fmt::format("There is no webhook {}.", id));
}

Error noDelivery(std::int64_t id) {
  return notFound(fmt::format("There is no delivery {}.", id));
}

void writeList(JsonWriter& json, const Rows& rows, std::size_t row, const char* name) {
  if (rows.isNull(row, name))
    json.key(name).null();
  else
    json.rawMember(name, rows.text(row, name));
}

void writeWebhook(JsonWriter& json, const Rows& rows, std::size_t row) {
  json.object().member("id", rows.number(row, "id"));
  for (const char* name : {"kind", "url", "mode"}) json.member(name, rows.text(row, name));
  for (const char* name : {"queues", "types"}) writeList(json, rows, row, name);
  json.textOrNull("repository", rows.text(row, "repository"))
      .textOrNull("token_secret", rows.text(row, "token_name"))
      .textOrNull("page", rows.text(row, "page"))
      .member("cursor", rows.text(row, "place"));
  for (const char* name : {"failures", "waiting", "dead"})
    json.member(name, rows.number(row, name));
  for (const char* name : {"last_error", "last_at", "old_secret_until"})
    json.textOrNull(name, rows.text(row, name));
  json.member("created_at", rows.text(row, "created_at"))
      .member("created_by", rows.text(row, "created_by"))
      .end();
}

std::string deliveryJson(const Rows& rows, std::size_t row) {
  JsonWriter json;
  json.object()
      .member("id", rows.number(row, "id"))
      .member("webhook_id", rows.number(row, "webhook"))
      .member("message_id", rows.text(row, "message"))
      .member("event_id", rows.text(row, "place"));
  for (const char* name : {"subject", "type", "url", "state"})
    json.member(name, rows.text(row, name));
  json.member("attempts", rows.number(row, "attempts")).key("status");
  if (rows.isNull(row, "status"))
    json.null();
  else
    json.value(rows.number(row, "status"));
  for (const char* name : {"error", "next_attempt_at", "last_attempt_at", "finished_at"})
    json.textOrNull(name, rows.text(row, name));
  return json.member("created_at", rows.text(row, "created_at")).end().take();
}

std::optional<std::string> orNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> arrayOrNull(const std::vector<std::string>& texts) {
  return texts.empty() ? std::nullopt : std::optional(PgArray::of(texts));
}

/// Of no item; its id is of no event of the log.
StoredEvent testEvent(std::int64_t webhook, WallTime now) {
  const std::string subject = fmt::format("webhook/{}", webhook);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  StoredEvent event{.place = {0, 0, static_cast<std::uint64_t>(millis.count())},
                    .type = "webhook.test",
                    .subject = subject,
                    .queue = {},
                    .json = {}};
  event.json = JsonWriter()
                   .object()
                   .member("specversion", "1.0")
                   .member("id", event.place.text())
                   .member("source", "/planwright")
                   .member("type", event.type)
                   .member("subject", subject)
                   .member("time", toRfc3339(now))
                   .member("datacontenttype", "application/json")
                   .member("queue", "")
                   .member("level", "info")
                   .member("actor", "host")
                   .key("data")
                   .object()
                   .member("message", "Somebody tries this webhook.")
                   .end()
                   .end()
                   .take();
  return event;
}

}  // namespace

Webhooks::Added Webhooks::add(const WebhookWish& wish, const std::string& by) const {
  const std::string secret = wish.kind == WebhookKind::Events ? makeWebhookSecret() : "";
  auto connection = parts_.database.lease();
  const std::string place = newestPlace(*connection).text();
  const Rows made = connection->run(
      "webhook_add", {toText(wish.kind), wish.url, wish.mode, arrayOrNull(wish.queues),
                      arrayOrNull(wish.types), orNull(secret), orNull(wish.tokenName),
                      orNull(wish.repository), orNull(wish.page), place, by});
  const std::int64_t id = made.number(0, "id");
  return {id, *shown(id, secret)};
}

Result<std::string> Webhooks::shown(std::int64_t id, const std::string& secret) const {
  const Rows rows = parts_.database.lease()->run("webhooks_shown", {id});
  if (rows.empty()) return noWebhook(id);
  JsonWriter webhook;
  writeWebhook(webhook, rows, 0);
  JsonWriter json;
  json.object().membersOf(webhook.take());
  if (!secret.empty()) json.member("secret", secret);
  return json.end().take();
}

std::string Webhooks::list() const {
  const Rows rows = parts_.database.lease()->run("webhooks_shown", {std::nullopt});
  JsonWriter json;
  json.object().key("items").array();
  for (std::size_t i = 0; i < rows.size(); ++i) writeWebhook(json, rows, i);
  return json.end().end().take();
}

Result<std::string> Webhooks::one(std::int64_t id) const {
  return shown(id, "");
}

Result<void> Webhooks::remove(std::int64_t id) const {
  if (parts_.database.lease()->run("webhook_remove", {id}).empty()) return noWebhook(id);
  return {};
}

Result<std::string> Webhooks::rotate(std::int64_t id) const {
  if (auto known = one(id); !known) return known;
  const std::string secret = makeWebhookSecret();
  const std::string until = toRfc3339(parts_.clock.now() + kRotation);
  if (parts_.database.lease()->run("webhook_rotate", {id, secret, until}).empty())
    return conflict("A forge has no secret of ours; its token stands in the configuration.",
                    "no-secret");
  return shown(id, secret);
}

Result<std::string> Webhooks::test(std::int64_t id) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("webhooks_shown", {id});
  if (rows.empty()) return noWebhook(id);
  if (rows.text(0, "kind") != "webhook")
    return conflict("A forge is told of commits only; there is nothing to try it with.",
                    "not-possible");
  const Webhook webhook{
      .id = id, .url = rows.text(0, "url"), .isBinary = rows.text(0, "mode") == "binary"};
  const WallTime now = parts_.clock.now();
  WebhookMessage message = cloudEventMessage(webhook, testEvent(id, now));
  message.subject = message.placeText;  // a test does not wait behind one that failed
  addDeliveries(*connection, id, {message}, now);
  parts_.bell.ring();
  const Rows made = connection->run("delivery_of_place", {id, message.placeText});
  return delivery(made.number(0, "id"));
}

Result<std::string> Webhooks::replay(std::int64_t id, const std::string& cursor) const {
  const auto place = EventPlace::parse(cursor);
  if (!place)
    return invalid("It must be a cursor of the events, or 0 for all that are kept.", "/after");
  if (parts_.database.lease()->run("webhook_replay", {id, place->text()}).empty())
    return noWebhook(id);
  parts_.bell.ring();
  return one(id);
}

Result<std::string> Webhooks::deliveries(std::int64_t id, const DeliveryQuery& query) const {
  if (query.state && *query.state != "waiting" && *query.state != "delivered" &&
      *query.state != "dead")
    return badParameter("state", "The states are waiting, delivered and dead.");
  const auto below = cursorNumber(query.cursor, kNewest);
  if (!below) return below.error();
  auto connection = parts_.database.lease();
  if (connection->run("webhooks_shown", {id}).empty()) return noWebhook(id);
  const Rows rows =
      connection->run("deliveries_shown", {id, query.state, *below, query.limit + 1, std::nullopt});
  const std::int64_t total = connection->run("deliveries_count", {id, query.state}).number(0, 0);
  const auto shownCount = std::min(rows.size(), static_cast<std::size_t>(query.limit));
  std::vector<std::string> items;
  items.reserve(shownCount);
  for (std::size_t i = 0; i < shownCount; ++i) items.push_back(deliveryJson(rows, i));
  const std::string next =
      rows.size() > shownCount ? cursorText(rows.number(shownCount - 1, "id")) : std::string();
  return pageJson(items, next, total, total >= kMostCounted);
}

Result<std::string> Webhooks::delivery(std::int64_t id) const {
  const Rows rows = parts_.database.lease()->run("deliveries_shown",
                                                 {std::nullopt, std::nullopt, kNewest, 1, id});
  if (rows.empty()) return noDelivery(id);
  return deliveryJson(rows, 0);
}

Result<std::string> Webhooks::redeliver(std::int64_t id) const {
  if (parts_.database.lease()->run("delivery_again", {id, toRfc3339(parts_.clock.now())}).empty())
    return noDelivery(id);
  parts_.bell.ring();
  return delivery(id);
}

}  // namespace planwright
