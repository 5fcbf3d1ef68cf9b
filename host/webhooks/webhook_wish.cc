#include "webhooks/webhook_wish.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "webhooks/posts.h"

namespace planwright {

namespace {

constexpr std::size_t kMostTypes = 100;
constexpr std::size_t kLongestUrl = 2'000;

/// "plan.built", "build.*" or "*".
bool isTypePattern(std::string_view text) {
  if (text.ends_with('*')) text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

/// The texts of a list; without one, or with null, none.
Result<std::vector<std::string>> textsMember(const JsonValue& body, const char* name) {
  const JsonValue* list = find(body, name);
  if (!list || list->IsNull()) return std::vector<std::string>();
  std::vector<std::string> texts = textsOf(body, name);
  if (!list->IsArray() || texts.empty() || texts.size() != list->Size())
    return invalid("It must be a list of texts; leave it out for all.", std::string("/") + name);
  return texts;
}

Result<void> checkForge(const WebhookWish& wish, const Config& config) {
  if (wish.kind == WebhookKind::Events) {
    for (const auto& [member, value] :
         {std::pair("repository", wish.repository), std::pair("token_secret", wish.tokenName),
          std::pair("page", wish.page)})
      if (!value.empty())
        return invalid("Only github, gitea and gitlab have one.", std::string("/") + member);
    return {};
  }
  if (wish.repository.find('/') == std::string::npos || wish.repository.starts_with('/') ||
      wish.repository.find_first_of("?#% \\") != std::string::npos ||
      wish.repository.find("..") != std::string::npos)
    return invalid("It must be OWNER/NAME.", "/repository");
  if (!config.secrets.contains(wish.tokenName))
    return invalid(
        "It must be the name of a secret of the configuration (secrets:), which is the "
        "forge's token.",
        "/token_secret");
  if (const std::string why = urlComplaint(
          wish.page, {*AddressRange::parse("0.0.0.0/0"), *AddressRange::parse("::/0")});
      !why.empty())
    return invalid("It is the address under which people see the page. " + why, "/page");
  if (!wish.types.empty())
    return invalid("A forge is told what concerns commits; leave it out.", "/types");
  return {};
}

std::string withoutSlash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

Result<WebhookWish> readWebhookWish(const JsonValue& body, const Config& config) {
  WebhookWish wish;
  const auto kind = parseWebhookKind(textOr(body, "kind", "webhook"));
  if (!kind) return invalid("It must be one of webhook, github, gitea, gitlab.", "/kind");
  wish.kind = *kind;
  wish.url = textOr(body, "url");
  std::string why = urlComplaint(wish.url, config.webhooks.allow);
  if (wish.url.size() > kLongestUrl) why = "It is too long.";
  if (!why.empty()) return invalid(why, "/url");
  if (wish.kind != WebhookKind::Events) wish.url = withoutSlash(wish.url);
  wish.mode = textOr(body, "mode", "structured");
  if (wish.mode != "structured" && wish.mode != "binary")
    return invalid("It must be structured or binary.", "/mode");
  auto queues = textsMember(body, "queues");
  if (!queues) return queues.error();
  wish.queues = std::move(*queues);
  for (const auto& queue : wish.queues)
    if (!config.queue(queue))
      return invalid(fmt::format("There is no queue \"{}\"; there are {}.", queue,
                                 fmt::join(config.queueNames(), ", ")),
                     "/queues");
  auto types = textsMember(body, "types");
  if (!types) return types.error();
  wish.types = std::move(*types);
  if (wish.types.size() > kMostTypes ||
      !std::all_of(wish.types.begin(), wish.types.end(), isTypePattern))
    return invalid("They are types of events such as plan.built; build.* is all that begin so.",
                   "/types");
  wish.repository = textOr(body, "repository");
  wish.tokenName = textOr(body, "token_secret");
  wish.page = withoutSlash(textOr(body, "page"));
  if (auto ok = checkForge(wish, config); !ok) return ok.error();
  return wish;
}

}  // namespace planwright
