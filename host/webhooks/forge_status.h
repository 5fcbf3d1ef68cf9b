#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhooks/webhook.h"

namespace planwright {

/// The input that an event is about, and the commit it came from.
struct CommitFile {
  std::string commit;  ///< empty: it came from somewhere else
  std::string filename;
};

/// What a forge is told of the commit when this happens; nothing, if that says nothing about it.
/// The status has the context "planwright/QUEUE/FILE".
std::optional<WebhookMessage> forgeMessage(const Webhook& forge, const StoredEvent& event,
                                           const CommitFile& file);

/// The header that shows the token to the forge.
std::string forgeAuthorization(WebhookKind kind, std::string_view token);

/// The answer refuses the status as it is there already: GitLab does not set one twice.
bool isThereAlready(WebhookKind kind, int status, std::string_view answer);

}  // namespace planwright
