#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/event_log.h"

namespace planwright {

/// Who is told: a receiver of events, or a forge, which is told the statuses of commits.
enum class WebhookKind { Events, GitHub, Gitea, GitLab };

std::string_view toText(WebhookKind kind);
std::optional<WebhookKind> parseWebhookKind(std::string_view text);

/// One row of `webhooks`, as the sender needs it.
struct Webhook {
  std::int64_t id = 0;
  WebhookKind kind = WebhookKind::Events;
  std::string url = {};
  bool isBinary = false;
  std::optional<std::string> queues = {},
                             types = {};    ///< arrays of Postgres; the types as patterns of LIKE
  std::string secret = {}, oldSecret = {};  ///< both sign; the old one may be empty
  std::string tokenName = {}, repository = {}, page = {};  ///< of a forge
  std::string place = {};    ///< of the event log: up to here there are deliveries
  int failures = 0;          ///< attempts since the last one that succeeded
  std::int64_t waiting = 0;  ///< deliveries
};

/// What is sent to one of them: the same bytes at each attempt. Its id is made of these bytes, so
/// no two messages that differ have the same.
struct WebhookMessage {
  std::string id;
  EventPlace place;
  std::string placeText;
  std::string subject;  ///< messages of one subject go out in the order of their places
  std::string type;
  std::string url;
  std::vector<std::string> headers;  ///< those that do not change with the attempt
  std::string body;
};

/// Fills in the id.
WebhookMessage sealed(const Webhook& webhook, WebhookMessage message);

}  // namespace planwright
