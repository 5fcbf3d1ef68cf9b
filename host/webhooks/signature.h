#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace planwright {

// Signatures of webhooks as standardwebhooks.com describes them: HMAC-SHA256 of
// "ID.TIMESTAMP.BODY" under a key that both sides know.

/// A new key: "whsec_" and 32 random bytes in base64.
std::string makeWebhookSecret();

/// The header webhook-signature: one signature of each key that is not empty, with a space between.
std::string webhookSignature(std::string_view secret, std::string_view oldSecret,
                             std::string_view messageId, std::string_view timestamp,
                             std::string_view body);

/// The header webhook-timestamp: seconds of the epoch.
std::string webhookTimestamp(WallTime now);

}  // namespace planwright
