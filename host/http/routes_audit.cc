// Who did what, for administrators.
#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Result<AuditQuery> auditQuery(const Request& request) {
  const auto limit = numberParameter(request, "limit", 50, 1, 200);
  if (!limit) return limit.error();
  AuditQuery query{.actor = optionalText(request, "actor"),
                   .action = optionalText(request, "action"),
                   .queue = optionalText(request, "queue"),
                   .item = optionalText(request, "item"),
                   .since = optionalText(request, "since"),
                   .until = optionalText(request, "until"),
                   .cursor = optionalText(request, "cursor"),
                   .limit = static_cast<int>(*limit)};
  const auto allowed = optionalText(request, "allowed");
  if (!allowed) return query;
  if (*allowed != "true" && *allowed != "false")
    return Error{ErrorKind::Invalid, "It must be true or false.", {}, "allowed"};
  query.isAllowed = *allowed == "true";
  return query;
}

}  // namespace

void addAuditRoutes(Router& router, Control& control) {
  router.get("/api/audit", withQuery({"actor", "action", "queue", "item", "allowed", "since",
                                      "until", "cursor", "limit"},
                                     [&control](const Request& request) {
                                       const auto query = auditQuery(request);
                                       if (!query) return problem(query.error());
                                       return jsonOr(control.audit.list(*query));
                                     }));
}

}  // namespace planwright
