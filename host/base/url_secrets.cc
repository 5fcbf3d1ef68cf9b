#include "base/url_secrets.h"

#include <algorithm>

#include "base/percent_encoding.h"

namespace planwright {
namespace {

void hide(std::string_view value, SecretMask& mask) {
  if (value.empty()) return;
  mask.add(value);
  if (const auto plain = percentDecoded(value); plain && *plain != value) mask.add(*plain);
}

}  // namespace

SecretMask maskOfUrl(std::string_view url) {
  SecretMask mask;
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto query = url.find('?', start);
  if (const auto at = url.rfind('@'); at != std::string_view::npos && at > start) {
    const std::string_view user = url.substr(start, at - start);
    if (const auto colon = user.find(':'); colon != std::string_view::npos)
      hide(user.substr(colon + 1), mask);
  }
  std::string_view rest = query == std::string_view::npos ? "" : url.substr(query + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view option = rest.substr(0, end);
    const auto equals = option.find('=');
    if (equals != std::string_view::npos && option.substr(0, equals).ends_with("password"))
      hide(option.substr(equals + 1), mask);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return mask;
}

}  // namespace planwright
