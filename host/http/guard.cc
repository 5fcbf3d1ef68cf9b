#include "http/guard.h"

#include <algorithm>

#include "base/loopback.h"
#include "http/problem.h"

namespace planwright {

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
