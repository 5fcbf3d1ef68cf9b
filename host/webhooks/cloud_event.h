#pragma once

#include "webhooks/webhook.h"

namespace planwright {

/// An event as a request of the HTTP binding of CloudEvents 1.0. Structured: all of it is the body.
/// Binary: the body is its data, and headers carry the rest.
WebhookMessage cloudEventMessage(const Webhook& webhook, const StoredEvent& event);

}  // namespace planwright
