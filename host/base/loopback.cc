#include "base/loopback.h"

#include <algorithm>

namespace planwright {

namespace {

bool isLoopbackV4(std::string_view host) {
  constexpr std::string_view kNet = "127.";
  return host.starts_with(kNet) && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool isLocalhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  return host.size() == kName.size() &&
         std::equal(host.begin(), host.end(), kName.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace

std::string_view withoutPort(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

std::optional<std::string_view> unixPathOf(std::string_view address) {
  if (!address.starts_with(kUnixPrefix)) return std::nullopt;
  return address.substr(kUnixPrefix.size());
}

bool isLoopbackHost(std::string_view host) {
  const std::string_view name = withoutPort(host);
  return isLocalhost(name) || name == "[::1]" || isLoopbackV4(name);
}

}  // namespace planwright
