#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

void addJobRoutes(Router& router, Control& control) {
  const std::string one = "/api/jobs/{id}";
  router.get("/api/jobs", listHandler(control, Listed::Jobs));
  router.get(one, itemHandler(control, Listed::Jobs));
  router.get(one + "/explain", explainHandler(control, Listed::Jobs));
  router.get(one + "/cache", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               return id ? jsonOr(control.cache.ofJob(*id)) : problem(id.error());
             }));
  router.post(one + "/cancel", cancelHandler(control, [&control](std::int64_t id) {
                return control.plans.cancelJob(id, kApiActor);
              }));
}

}  // namespace planwright
