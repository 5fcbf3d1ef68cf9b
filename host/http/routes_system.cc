#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

/// A GET without parameters that always answers with JSON.
template <class Make>
void addJson(Router& router, std::string_view path, Make make) {
  router.get(path, withQuery({}, [make](const Request&) { return Response::json(make()); }));
}

/// Connections and event clients.
void setGauges(Metrics& metrics, Server& server) {
  const HubCounts counts = server.hub().counts();
  metrics.set("planwright_http_connections", {}, static_cast<double>(server.seats().count()));
  metrics.set("planwright_http_connections_given_up_total", {},
              static_cast<double>(server.seats().givenUp()));
  metrics.set("planwright_event_clients", {}, static_cast<double>(counts.subscribers));
  metrics.set("planwright_event_clients_dropped_total", {}, static_cast<double>(counts.dropped));
}

}  // namespace

void addProbeRoutes(Router& router, Control& control, Server* api) {
  Overview& overview = control.overview;
  addJson(router, "/healthz", [] { return R"({"status":"ok"})"; });
  router.get("/readyz", withQuery({}, [&overview](const Request& request) {
               auto [json, isReady] = overview.readiness();
               if (request.caller.role == Role::Nobody)
                 json = isReady ? R"({"ready":true})" : R"({"ready":false})";
               Response response = Response::json(std::move(json), isReady ? 200 : 503);
               if (!isReady) response.with("Retry-After", "1");
               return response;
             }));
  router.get("/metrics", withQuery({}, [&control, api](const Request&) {
               if (api) setGauges(control.parts.metrics, *api);
               return Response::text(control.overview.metrics(),
                                     "text/plain; version=0.0.4; charset=utf-8");
             }));
}

void addSystemRoutes(Router& router, const ApiParts& parts) {
  Control& control = parts.control;
  Overview& overview = control.overview;
  addProbeRoutes(router, control, &parts.server);
  addJson(router, "/api/version", [&overview] { return overview.version(); });
  addJson(router, "/api/workers", [&overview] { return overview.workers(); });
  router.get("/api/arriving", withQuery({}, [&overview](const Request& request) {
               return Response::json(overview.arriving(request.caller.queues));
             }));
  addJson(router, "/api/reconciler", [&overview] { return overview.reconciler(); });
  addJson(router, "/api/plugins", [&overview] { return overview.plugins(); });
  router.get("/api/plugins/{id}", withQuery({}, [&overview](const Request& request) {
               return jsonOr(overview.plugin(std::string(request.param("id"))));
             }));
  router.post("/api/plugins/{id}/release", withQuery({}, [&overview](const Request& request) {
                if (const auto body = bodyObject(request, {}); !body) return problem(body.error());
                return jsonOr(
                    overview.releasePlugin(std::string(request.param("id")), request.caller.name));
              }));
  router.get(
      "/api/failures", withQuery({"since"}, [&overview](const Request& request) {
        return jsonOr(overview.failures(request.query.textOr("since"), request.caller.queues));
      }));
  router.get("/api/blobs/{digest}", withQuery({}, [&control](const Request& request) {
               return contentResponse(control.contents.blob(std::string(request.param("digest"))),
                                      "application/octet-stream", true);
             }));
  const auto document = parts.files.find("host/http/openapi.json");
  const std::string openapi = document == parts.files.end() ? "{}" : std::string(document->second);
  router.get("/api/openapi.json",
             withQuery({}, [openapi, tag = Digest::of(openapi).text()](const Request&) {
               return Response::json(openapi).etag(tag);
             }));
}

}  // namespace planwright
