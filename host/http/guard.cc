#include "http/guard.h"

#include <algorithm>

#include "base/loopback.h"
#include "http/problem.h"

namespace planwright {

bool isLocalPeer(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("uid ");
}

bool isAllowedHost(const Request& request, const std::vector<std::string>& allowed) {
  const auto sent = request.headers.find("Host");
  if (isLocalPeer(request.peer) && (!sent || isLoopbackHost(*sent))) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    if (name == "*") return true;
    return sent &&
           (equalsIgnoringCase(name, withoutPort(*sent)) || equalsIgnoringCase(name, *sent));
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
  if (!isAllowedHost(request, allowedHosts))
    return problem(421, "misdirected-request",
                   "This server does not answer under the name \"" +
                       std::string(request.headers.getOr("Host")) +
                       "\". On its own machine use localhost; other names stand below hosts: in "
                       "the configuration.");
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
  addIfMissing("Cache-Control", response.headers.has("ETag") ? "private, no-cache" : "no-store");
}

}  // namespace planwright
