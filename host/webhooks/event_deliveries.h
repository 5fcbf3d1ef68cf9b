#pragma once

#include <vector>

#include "store/database.h"
#include "webhooks/webhook.h"

namespace planwright {

/// Adds deliveries of one webhook: what waits already stays as it is, and what was sent before is
/// sent again as it was. Inside the transaction of the caller.
void addDeliveries(Connection& connection, std::int64_t webhook,
                   const std::vector<WebhookMessage>& messages, WallTime now);

/// Makes deliveries of the next events of the log, `looked` at most, and moves the place of the
/// webhook behind them. True: there were so many.
bool collectEvents(Connection& connection, const Webhook& webhook, int looked, WallTime now);

}  // namespace planwright
