// Maintenance mode (control/maintenance.h).
#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

void addMaintenanceRoutes(Router& router, Control& control) {
  const Maintenance& maintenance = control.maintenance;
  const char* path = "/api/maintenance";
  router.get(path, withQuery({}, [&maintenance](const Request&) {
               return Response::json(maintenance.json());
             }));
  const RouteOptions always{.inMaintenance = true};
  router.add(
      Method::Put, path,
      withQuery({},
                [&maintenance](const Request& request) {
                  const auto body = bodyObject(request, {"sentence"});
                  if (!body) return problem(body.error());
                  const auto done =
                      maintenance.turnOn(textOr(*body, "sentence"), request.caller.name);
                  if (!done) return problem(done.error());
                  return Response::json(maintenance.json()).noting({.after = maintenance.json()});
                }),
      always);
  router.add(Method::Delete, path,
             withQuery({},
                       [&maintenance](const Request& request) {
                         maintenance.turnOff(request.caller.name);
                         return Response::json(maintenance.json());
                       }),
             always);
}

}  // namespace planwright
