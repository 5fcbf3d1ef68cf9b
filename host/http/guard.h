#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace planwright {

/// A loopback name or one of `allowed` ("*" = any), compared without port and case. Stops DNS
/// rebinding: a stranger's page can reach us under the stranger's name only.
bool isAllowedHost(std::string_view hostHeader, const std::vector<std::string>& allowed);
/// A browser sent this write from another site's page (Sec-Fetch-Site, else Origin). Programs send
/// neither.
bool isCrossSite(const Headers& headers);

/// What the server does not even show to a handler; nullopt = let it through.
std::optional<Response> refusalFor(const Request& request, const RouteOptions& route,
                                   const std::vector<std::string>& allowedHosts, bool readOnly);

/// Headers of every answer that no handler has set: no sniffing, no framing, no caching.
void addSecurityHeaders(Response& response);

}  // namespace planwright
