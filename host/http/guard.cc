#include "http/guard.h"

#include <algorithm>

#include "http/problem.h"

namespace planwright {

namespace {

/// "Name:8470" -> "Name", "[::1]:8470" -> "[::1]", without a trailing dot.
std::string_view withoutPort(std::string_view host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool isLoopbackV4(std::string_view host) {
  constexpr std::string_view kNet = "127.";
  return host.starts_with(kNet) && std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool isLoopbackHost(std::string_view hostHeader) {
  const std::string_view host = withoutPort(hostHeader);
  return equalsIgnoringCase(host, "localhost") || host == "[::1]" || isLoopbackV4(host);
}

bool isAllowedHost(std::string_view hostHeader, const std::vector<std::string>& allowed) {
  if (isLoopbackHost(hostHeader)) return true;
  const std::string_view host = withoutPort(hostHeader);
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    return name == "*" || equalsIgnoringCase(name, host) || equalsIgnoringCase(name, hostHeader);
  });
}

bool isCrossSite(const Headers& headers) {
  if (const auto site = headers.find("Sec-Fetch-Site")) {
    return *site != "same-origin" && *site != "none";
  }
  // Browsers leave Sec-Fetch-Site out on plain HTTP beyond loopback, but never Origin on a write.
  const auto origin = headers.find("Origin");
  if (!origin) return false;
  const std::size_t host = origin->find("://");
  return host == std::string_view::npos ||
         !equalsIgnoringCase(origin->substr(host + 3), headers.getOr("Host"));
}

std::optional<Response> refusalFor(const Request& request, const RouteOptions& route,
                                   const std::vector<std::string>& allowedHosts, bool readOnly) {
  const auto host = request.headers.find("Host");
  if (host && !isAllowedHost(*host, allowedHosts)) {
    return problem(421, "misdirected-request",
                   "This server does not answer under the name \"" + std::string(*host) +
                       "\". Use localhost, or add the name to the allowed hosts.");
  }
  if (!isWrite(request.method)) return std::nullopt;
  if (isCrossSite(request.headers)) {
    return problem(403, "cross-site", "A page of another site may not change anything here.");
  }
  if (readOnly && !route.readOnlyOk) {
    return problem(403, "read-only", "This server is in read-only mode.");
  }
  return std::nullopt;
}

void addSecurityHeaders(Response& response) {
  const auto addIfMissing = [&](std::string_view name, std::string_view value) {
    if (!response.headers.has(name)) response.headers.add(std::string(name), std::string(value));
  };
  addIfMissing("X-Content-Type-Options", "nosniff");
  addIfMissing("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  addIfMissing("Referrer-Policy", "no-referrer");
  addIfMissing("Cross-Origin-Resource-Policy", "same-origin");
  addIfMissing("Cache-Control", response.headers.has("ETag") ? "no-cache" : "no-store");
}

}  // namespace planwright
