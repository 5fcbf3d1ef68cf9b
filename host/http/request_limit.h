#pragma once

#include <optional>

#include "base/live.h"
#include "config/config.h"
#include "http/minute_counts.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace planwright {

/// Holds each caller to as many requests a minute as `access: {requests_per_minute}` says. Probes
/// do not count, and an event stream is one request. [HTTP workers]
class RequestLimit {
 public:
  RequestLimit(const Live<Config>& config, const Clock& clock) : config_(config), counts_(clock) {}

  /// Counts one of a caller that is known. 429: it was one too many.
  std::optional<Response> operator()(const Request& request, const Route& route);

 private:
  const Live<Config>& config_;
  MinuteCounts counts_;
};

}  // namespace planwright
