#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/listen_config.h"
#include "http/hub.h"
#include "http/limits.h"
#include "http/router.h"

namespace planwright {

/// One answered request, for metrics and the access log.
struct RequestRecord {
  Method method = Method::Get;
  std::string_view route;  ///< the pattern, or "" if none fitted
  int status = 0;
  std::chrono::nanoseconds duration{0};
};

struct ServerOptions {
  ListenConfig listen;  ///< port 0 = any free one
  int threads = 8;
  HttpLimits limits;
  HubLimits hub;
  std::filesystem::path spoolFolder =
      "/tmp";  ///< for upload bodies; files there are unlinked at once
  /// Host names (without port) that are answered besides loopback ones; "*" = any. Others get 421.
  std::vector<std::string> allowedHosts;
  bool readOnly = false;  ///< every write is refused with 403
  /// The sentence of maintenance mode, with which writes are refused, or nothing. [HTTP workers]
  std::function<std::optional<std::string>()> maintenance;
  /// Asked before the handler: it fills in the caller, or an answer of it refuses the request.
  /// [HTTP workers]
  std::function<std::optional<Response>(Request&, const Route&)> gate;
  /// Asked after the gate, once for each request.
  std::function<std::optional<Response>(const Request&, const Route&)> limit;
  /// Called with each answered write that fitted a route, before its answer goes out. Does not
  /// throw. [HTTP workers]
  std::function<void(const Request&, const Route&, const Response&)> onWrite;
  std::function<void(const RequestRecord&)> onRequest;  ///< [HTTP workers]
};

}  // namespace planwright
