#include "webhooks/webhook.h"

#include <array>
#include <utility>

#include "base/digest.h"

namespace planwright {

namespace {

constexpr std::array<std::pair<WebhookKind, std::string_view>, 4> kKinds = {
    {{WebhookKind::Events, "webhook"},
     {WebhookKind::GitHub, "github"},
     {WebhookKind::Gitea, "gitea"},
     {WebhookKind::GitLab, "gitlab"}}};
constexpr std::size_t kIdDigits = 32;

}  // namespace

std::string_view toText(WebhookKind kind) {
  for (const auto& [each, text] : kKinds)
    if (each == kind) return text;
  return "";
}

std::optional<WebhookKind> parseWebhookKind(std::string_view text) {
  for (const auto& [kind, name] : kKinds)
    if (name == text) return kind;
  return std::nullopt;
}

WebhookMessage sealed(const Webhook& webhook, WebhookMessage message) {
  std::string all = std::to_string(webhook.id) + '\n' + message.placeText + '\n' + message.url;
  for (const auto& header : message.headers) all += '\n' + header;
  all += "\n\n" + message.body;
  const Digest digest = Digest::of(all);
  message.id = std::string("msg_").append(digest.hex().substr(0, kIdDigits));
  return message;
}

}  // namespace planwright
