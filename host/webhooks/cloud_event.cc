#include "webhooks/cloud_event.h"

#include <stdexcept>

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {

namespace {

/// As the HTTP binding wants it (3.1.3.2): what is not printable ASCII, spaces, quotes and percent
/// signs become escapes.
std::string headerValue(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (c > ' ' && c < 0x7f && c != '"' && c != '%')
      out += static_cast<char>(c);
    else
      out += fmt::format("%{:02X}", c);
  }
  return out;
}

void addAttributes(const JsonValue& event, std::vector<std::string>& headers) {
  for (const auto& member : event.GetObject()) {
    const std::string name = member.name.GetString();
    if (name == "data" || name == "datacontenttype" || !member.value.IsString()) continue;
    const std::string value =
        headerValue({member.value.GetString(), member.value.GetStringLength()});
    if (!value.empty()) headers.push_back("ce-" + name + ": " + value);
  }
}

}  // namespace

WebhookMessage cloudEventMessage(const Webhook& webhook, const StoredEvent& event) {
  WebhookMessage message{.id = {},
                         .place = event.place,
                         .placeText = event.place.text(),
                         .subject = event.subject,
                         .type = event.type,
                         .url = webhook.url,
                         .headers = {},
                         .body = event.json};
  if (webhook.isBinary) {
    // A body may be as deep as any JSON that we read, and it stands one level deeper here.
    const auto document = parseJson(event.json, {.depth = 2 * JsonLimits{}.depth});
    if (!document) throw std::logic_error("an event is no JSON: " + document.error().message);
    message.headers.emplace_back("content-type: application/json");
    addAttributes(*document, message.headers);
    message.body = toJson(*find(*document, "data"));
  } else {
    message.headers.emplace_back("content-type: application/cloudevents+json; charset=utf-8");
  }
  return sealed(webhook, std::move(message));
}

}  // namespace planwright
