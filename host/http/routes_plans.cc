#include <limits>

#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Response enqueueBuild(Control& control, const Request& request) {
  const auto id = request.id();
  if (!id) return problem(id.error());
  const auto body = bodyObject(request, {"force", "mode", "cache"});
  if (!body) return problem(body.error());
  const auto force = flagMember(*body, "force");
  if (!force) return problem(force.error());
  const JsonValue* cache = find(*body, "cache");
  if (cache && !cache->IsBool()) return problem(invalid("It must be true or false.", "/cache"));
  const JsonValue* mode = find(*body, "mode");
  const std::string modeText = textOr(*body, "mode", "all");
  if ((mode && !mode->IsString()) || (modeText != "all" && modeText != "failed"))
    return problem(invalid("It must be \"all\" or \"failed\".", "/mode"));
  const auto done = control.actions.enqueueBuild({.plan = *id,
                                                  .onlyFailed = modeText == "failed",
                                                  .useCache = boolOr(*body, "cache", true),
                                                  .force = *force,
                                                  .expectedDigest = ifMatch(request),
                                                  .actor = kApiActor,
                                                  .traceId = traceIdOf(request)});
  if (!done) return problem(done.error());
  return Response::json(JsonWriter()
                            .object()
                            .member("queue", done->list)
                            .member("position", done->position)
                            .rawMember("plan", done->itemJson)
                            .end()
                            .take(),
                        done->wasQueued ? 200 : 202);
}

Response archiveResponse(Control& control, const Request& request, ArchiveFormat format) {
  const auto id = request.id();
  if (!id) return problem(id.error());
  return madeResponse(control.contents.archive(*id, format),
                      format == ArchiveFormat::Tar ? "application/x-tar" : "application/zip", true);
}

/// A page of the jobs of a plan or build.
template <class Read>
Response jobsPage(const Request& request, Read read) {
  const auto id = request.id();
  if (!id) return problem(id.error());
  // Unlike other lists it is one graph, so a client may want it whole.
  const auto limit = numberParameter(request, "limit", 1000, 1, 10000);
  if (!limit) return problem(limit.error());
  return jsonOr(read(*id, optionalText(request, "cursor"), static_cast<int>(*limit)));
}

}  // namespace

void addPlanRoutes(Router& router, Control& control) {
  const std::string one = "/api/plans/{id}";
  router.get("/api/plans", listHandler(control, Listed::Plans));
  router.get(one, itemHandler(control, Listed::Plans));
  router.get(one + "/explain", explainHandler(control, Listed::Plans));
  router.get(one + "/jobs", withQuery({"cursor", "limit"}, [&control](const Request& request) {
               return jobsPage(request,
                               [&](auto... args) { return control.listings.jobsOfPlan(args...); });
             }));
  router.get(one + "/artifact", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               if (!id) return problem(id.error());
               return contentResponse(control.contents.ofPlan(*id), "application/json", false);
             }));
  router.get(one + "/diff", withQuery({"to"}, [&control](const Request& request) {
               const auto id = request.id();
               if (!id) return problem(id.error());
               if (!optionalText(request, "to"))
                 return problem(invalid("Say with which plan to compare: ?to=ID.", "to"));
               const auto to =
                   numberParameter(request, "to", 0, 1, std::numeric_limits<std::int64_t>::max());
               return to ? jsonOr(control.contents.planDiff(*id, *to)) : problem(to.error());
             }));
  router.get(one + "/cache", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               return id ? jsonOr(control.cache.forecast(*id)) : problem(id.error());
             }));
  router.post(one + "/enqueue-build",
              withQuery({}, idempotent(control, [&control](const Request& request) {
                          return enqueueBuild(control, request);
                        })));
  router.post(one + "/cancel", cancelHandler(control, [&control](std::int64_t id) {
                return control.actions.cancelPlan(id, kApiActor);
              }));
}

void addBuildRoutes(Router& router, Control& control) {
  const std::string one = "/api/builds/{id}";
  router.get("/api/builds", listHandler(control, Listed::Builds));
  router.get(one, itemHandler(control, Listed::Builds));
  router.get(one + "/explain", explainHandler(control, Listed::Builds));
  router.get(one + "/jobs", withQuery({"cursor", "limit"}, [&control](const Request& request) {
               return jobsPage(request,
                               [&](auto... args) { return control.listings.jobsOfBuild(args...); });
             }));
  router.get(one + "/manifest", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               if (!id) return problem(id.error());
               return contentResponse(control.contents.manifestOf(*id), "application/json", false);
             }));
  router.get(one + "/provenance", withQuery({"artifact"}, [&control](const Request& request) {
               const auto id = request.id();
               if (!id) return problem(id.error());
               return contentResponse(
                   control.statements.provenance(*id, request.query.textOr("artifact")),
                   "application/json", false);
             }));
  router.get(one + "/sbom", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               return id ? jsonOr(control.statements.sbom(*id)) : problem(id.error());
             }));
  router.get("/api/provenance/keys", withQuery({}, [&control](const Request&) {
               return Response::json(control.statements.keysJson());
             }));
  router.get(one + "/artifacts.tar", withQuery({}, [&control](const Request& request) {
               return archiveResponse(control, request, ArchiveFormat::Tar);
             }));
  router.get(one + "/artifacts.zip", withQuery({}, [&control](const Request& request) {
               return archiveResponse(control, request, ArchiveFormat::Zip);
             }));
  router.get(one + "/artifacts/{path...}", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               if (!id) return problem(id.error());
               return contentResponse(control.contents.artifact(*id, request.param("path")),
                                      "application/octet-stream", true);
             }));
  router.post(one + "/cancel", cancelHandler(control, [&control](std::int64_t id) {
                return control.actions.cancelBuild(id, kApiActor);
              }));
}

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
                return control.actions.cancelJob(id, kApiActor);
              }));
}

}  // namespace planwright
