#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace planwright {

/// Whether the client is on this machine: a loopback address, or a user of a unix socket.
bool isLocalPeer(std::string_view address);
/// The name that the client uses for this server is one of `allowed` ("*" = any), compared without
/// port and case. Clients on this machine may use a loopback name as well, or none (HTTP/1.0).
/// Stops DNS rebinding: a stranger's page can reach us under the stranger's name only.
bool isAllowedHost(const Request& request, const std::vector<std::string>& allowed);
/// A browser sent this write from another site's page (Sec-Fetch-Site, else Origin). Programs send
/// neither.
bool isCrossSite(const Headers& headers);

/// What the server does not even show to a handler; nullopt = let it through.
std::optional<Response> refusalFor(const Request& request, const RouteOptions& route,
                                   const std::vector<std::string>& allowedHosts, bool readOnly);

/// Headers of every answer that no handler has set: no sniffing, no framing, no caching.
void addSecurityHeaders(Response& response);

}  // namespace planwright
