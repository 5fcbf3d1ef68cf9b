#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "webhooks/webhook.h"

namespace planwright {

/// A webhook that somebody wants, checked.
struct WebhookWish {
  WebhookKind kind = WebhookKind::Events;
  std::string url;
  std::string mode = "structured";
  std::vector<std::string> queues = {}, types = {};  ///< empty: all
  std::string tokenName = {}, repository = {}, page = {};
};

/// Of the body of a request: {kind, url, mode, queues, types}, and of a forge {repository,
/// token_secret, page}. Invalid names the member.
Result<WebhookWish> readWebhookWish(const JsonValue& body, const Config& config);

}  // namespace planwright
