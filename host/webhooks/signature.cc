#include "webhooks/signature.h"

#include <array>
#include <chrono>
#include <stdexcept>

#include <sys/random.h>

#include "base/hmac.h"
#include "base/signing_key.h"

namespace planwright {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kRandomBytes = 32;

}  // namespace

std::string makeWebhookSecret() {
  std::array<char, kRandomBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("getrandom gives no randomness for a secret");
  return std::string(kPrefix) + toBase64({bytes.data(), bytes.size()});
}

std::string webhookSignature(std::string_view secret, std::string_view oldSecret,
                             std::string_view messageId, std::string_view timestamp,
                             std::string_view body) {
  std::string content;
  content.append(messageId).append(".").append(timestamp).append(".").append(body);
  std::string header;
  for (const std::string_view each : {secret, oldSecret}) {
    if (each.empty()) continue;
    const auto key = fromBase64(each.substr(kPrefix.size()));
    if (!key) throw std::runtime_error("the secret of a webhook is no base64");
    header.append(header.empty() ? "" : " ")
        .append("v1,")
        .append(toBase64(hmacSha256Bytes(*key, content)));
  }
  return header;
}

std::string webhookTimestamp(WallTime now) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

}  // namespace planwright
