#include "webhooks/webhook_sender.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/secret_mask.h"
#include "base/shown_text.h"
#include "base/threads.h"
#include "config/secret_values.h"
#include "webhooks/event_deliveries.h"
#include "webhooks/forge_status.h"
#include "webhooks/signature.h"

namespace planwright {

namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Attempts in a row that fail before a receiver counts as away: then one request at a time tries
/// it. The statement delivery_sent has this number, too.
constexpr int kAwayAfter = 5;
constexpr auto kRetryAfterAtMost = 1h;
constexpr auto kPause = 100ms;  ///< between rounds: the bell rings with every commit
constexpr auto kIdle = 1s;
constexpr auto kHouseEvery = 10s;
constexpr std::size_t kErrorLength = 300;

}  // namespace

std::optional<std::chrono::seconds> webhookRetryDelay(int failedAttempts) {
  static constexpr std::array<std::chrono::seconds, 11> kDelays = {
      5s, 30s, 2min, 5min, 15min, 30min, 1h, 2h, 4h, 6h, 10h};
  const auto index = static_cast<std::size_t>(failedAttempts - 1);
  return index < kDelays.size() ? std::optional(kDelays[index]) : std::nullopt;
}

WebhookSender::WebhookSender(const Parts& parts, const Limits& limits)
    : parts_(parts),
      limits_(limits),
      posts_(limits.timeout) {}

void WebhookSender::start() {
  thread_ = startThread("pw-webhooks", [this](const std::stop_token& stop) { run(stop); });
}

void WebhookSender::run(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  bool isBusy = true;
  while (!stop.stop_requested()) {
    seen = parts_.bell.wait(seen, isBusy ? 0ms : kIdle, stop);
    try {
      isBusy = step(kPause);
    } catch (const std::exception& e) {
      log::warn("webhooks wait: {}", e.what());
      isBusy = false;
    }
    sleepFor(kPause, stop);
  }
}

bool WebhookSender::step(std::chrono::milliseconds wait) {
  auto connection = parts_.database.lease();
  settle(*connection);
  bool isMore = false;
  if (isOurTurn(*connection)) {
    for (const auto& webhook : webhooks(*connection)) {
      try {
        isMore = (webhook.waiting < limits_.waiting && collect(*connection, webhook)) || isMore;
      } catch (const std::logic_error& e) {  // a bug; the other webhooks go on
        log::error("webhook stands still webhook={} error={}", webhook.id, e.what());
      }
      sendDue(*connection, webhook);
    }
    keepHouse(*connection);
  }
  for (auto& posted : posts_.wait(wait)) {
    const auto found = underWay_.find(posted.id);
    outcomes_.push_back(
        {posted.id, std::move(found->second), std::move(posted), parts_.clock.now()});
    underWay_.erase(found);
    isMore = true;
  }
  settle(*connection);
  return isMore || posts_.underWay() > 0;
}

bool WebhookSender::isOurTurn(Connection& connection) const {
  return parts_.membership.mayClaim() &&
         connection.run("webhook_sender", {parts_.membership.instance()}).flag(0, "is_ours");
}

std::vector<Webhook> WebhookSender::webhooks(Connection& connection) const {
  const Rows rows = connection.run("webhooks_sent", {toRfc3339(parts_.clock.now())});
  std::vector<Webhook> all;
  all.reserve(rows.size());
  const auto optional = [&](std::size_t row, const char* column) {
    return rows.isNull(row, column) ? std::nullopt : std::optional(rows.text(row, column));
  };
  for (std::size_t i = 0; i < rows.size(); ++i)
    all.push_back({.id = rows.number(i, "id"),
                   .kind = parseWebhookKind(rows.text(i, "kind")).value_or(WebhookKind::Events),
                   .url = rows.text(i, "url"),
                   .isBinary = rows.text(i, "mode") == "binary",
                   .queues = optional(i, "queues"),
                   .types = optional(i, "types"),
                   .secret = rows.text(i, "secret"),
                   .oldSecret = rows.text(i, "old_secret"),
                   .tokenName = rows.text(i, "token_name"),
                   .repository = rows.text(i, "repository"),
                   .page = rows.text(i, "page"),
                   .place = rows.text(i, "place"),
                   .failures = static_cast<int>(rows.number(i, "failures")),
                   .waiting = rows.number(i, "waiting")});
  return all;
}

bool WebhookSender::collect(Connection& connection, const Webhook& webhook) const {
  return collectEvents(connection, webhook, limits_.looked, parts_.clock.now());
}

void WebhookSender::sendDue(Connection& connection, const Webhook& webhook) {
  const auto busy = std::count_if(underWay_.begin(), underWay_.end(), [&](const auto& each) {
    return each.second.webhook == webhook.id;
  });
  const auto most = webhook.failures >= kAwayAfter ? 1 : limits_.together;
  auto room = most - busy;
  if (room <= 0) return;
  const Rows due =
      connection.run("deliveries_due", {webhook.id, toRfc3339(parts_.clock.now()), most + busy});
  for (std::size_t i = 0; i < due.size() && room > 0; ++i) {
    const Row delivery(due, i);
    if (underWay_.contains(delivery.number("id"))) continue;
    send(webhook, delivery);
    --room;
  }
}

void WebhookSender::send(const Webhook& webhook, const Row& delivery) {
  const std::int64_t id = delivery.number("id");
  UnderWay sent{webhook.id, webhook.kind, static_cast<int>(delivery.number("attempts")), {}};
  Post post{id, std::string(delivery.text("url")), {}, std::string(delivery.text("body"))};
  const auto headers = parseJson(delivery.text("headers"));
  for (const auto& header : headers->GetArray()) post.headers.emplace_back(header.GetString());
  const auto config = parts_.config.now();
  if (webhook.kind == WebhookKind::Events) {
    const std::string message(delivery.text("message"));
    const std::string timestamp = webhookTimestamp(parts_.clock.now());
    post.headers.push_back("webhook-id: " + message);
    post.headers.push_back("webhook-timestamp: " + timestamp);
    post.headers.push_back("webhook-signature: " + webhookSignature(webhook.secret,
                                                                    webhook.oldSecret, message,
                                                                    timestamp, post.body));
    sent.secrets = {webhook.secret, webhook.oldSecret};
  } else {
    const auto source = config->secrets.find(webhook.tokenName);
    const auto token =
        source == config->secrets.end()
            ? Result<SecretValues>(invalid("The configuration of this host has no secret " +
                                           webhook.tokenName + "; name it below secrets:."))
            : readSecretValues({{webhook.tokenName, source->second}});
    if (!token) {
      outcomes_.push_back(
          {id, std::move(sent), {.id = id, .error = token.error().message}, parts_.clock.now()});
      return;
    }
    sent.secrets = {token->begin()->second};
    post.headers.push_back(forgeAuthorization(webhook.kind, sent.secrets.front()));
  }
  posts_.start(std::move(post), config->webhooks.allow);
  underWay_.emplace(id, std::move(sent));
}

/// Writes down how attempts ended. What cannot be written is kept: it is not sent again meanwhile.
void WebhookSender::settle(Connection& connection) {
  while (!outcomes_.empty()) {
    record(connection, outcomes_.back());
    outcomes_.pop_back();
  }
}

void WebhookSender::record(Connection& connection, const Outcome& outcome) const {
  const Posted& posted = outcome.posted;
  const std::string now = toRfc3339(outcome.at);
  const auto count = [&](const char* what) {
    parts_.metrics.add("planwright_webhook_attempts_total", {{"outcome", what}});
  };
  const bool isThere =
      posted.status / 100 == 2 || isThereAlready(outcome.sent.kind, posted.status, posted.answer);
  if (isThere) {
    connection.run("delivery_sent", {outcome.id, outcome.sent.attempts, now, posted.status});
    return count("delivered");
  }
  SecretMask mask;
  for (const auto& secret : outcome.sent.secrets) mask.add(secret);
  std::string error = posted.error;
  if (posted.status / 100 == 3)
    error = fmt::format("It answered {}; redirects are not followed.", posted.status);
  else if (posted.status != 0)
    error = fmt::format("It answered {}{}{}", posted.status, posted.answer.empty() ? "." : ": ",
                        posted.answer);
  error = shownText(mask.without(error).substr(0, kErrorLength));
  const auto delay = webhookRetryDelay(outcome.sent.attempts + 1);
  std::optional<std::string> due;
  if (delay) {
    const auto asked = std::min<std::chrono::seconds>(posted.retryAfter, kRetryAfterAtMost);
    due = toRfc3339(outcome.at + std::max(*delay, asked));
  }
  connection.run(
      "delivery_failed",
      {outcome.id, outcome.sent.attempts, now,
       posted.status ? std::optional(std::to_string(posted.status)) : std::nullopt, error, due});
  count(due ? "failed" : "dead");
  if (!due)
    log::warn("webhook gives up webhook={} delivery={} error={}", outcome.sent.webhook, outcome.id,
              error);
}

void WebhookSender::keepHouse(Connection& connection) {
  const SteadyTime now = parts_.clock.steady();
  if (keptHouseAt_ != SteadyTime{} && now - keptHouseAt_ < kHouseEvery) return;
  keptHouseAt_ = now;
  connection.run("deliveries_prune", {toRfc3339(parts_.clock.now())});
  const Rows states = connection.run("deliveries_states");
  for (const char* state : {"waiting", "dead"})
    parts_.metrics.set("planwright_webhook_deliveries", {{"state", state}},
                       static_cast<double>(states.number(0, state)));
}

}  // namespace planwright
