#include "http/request_limit.h"

#include <fmt/format.h>

#include "http/problem.h"

namespace planwright {

std::optional<Response> RequestLimit::operator()(const Request& request, const Route& route) {
  const int most = config_.now()->access.requestsPerMinute;
  const Caller& caller = request.caller;
  const bool isKnown = caller.kind != CallerKind::Anyone && caller.kind != CallerKind::Nobody;
  if (most == 0 || !isKnown || route.right.scope == Scope::Probe) return std::nullopt;
  const auto count = counts_.add(caller.name);
  if (count.times <= most) return std::nullopt;
  return problem(429, "too-many-requests",
                 fmt::format("{} has made {} requests within a minute, which is all that the "
                             "configuration allows; try again in {} s.",
                             caller.name, most, count.left.count()))
      .with("Retry-After", std::to_string(count.left.count()));
}

}  // namespace planwright
