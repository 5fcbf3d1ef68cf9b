#include <limits>

#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Response enqueueBuild(Control& control, std::int64_t id, const Request& request) {
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
  return enqueuedResponse(control.actions.enqueueBuild({.plan = id,
                                                        .onlyFailed = modeText == "failed",
                                                        .useCache = boolOr(*body, "cache", true),
                                                        .force = *force,
                                                        .expectedDigest = ifMatch(request),
                                                        .actor = request.caller.name,
                                                        .traceId = traceIdOf(request)}),
                          "plan")
      .noting({.after = toJson(*body)});
}

Handler archiveHandler(Control& control, ArchiveFormat format) {
  return withQuery({}, withId([&control, format](std::int64_t id) {
                     const bool isTar = format == ArchiveFormat::Tar;
                     return madeResponse(control.contents.archive(id, format),
                                         isTar ? "application/x-tar" : "application/zip", true);
                   }));
}

using JobsOf = Result<std::string> (Listings::*)(std::int64_t id,
                                                 const std::optional<std::string>& cursor,
                                                 int limit) const;

/// A page of the jobs of a plan or build.
Handler jobsHandler(Control& control, JobsOf jobs) {
  return withQuery({"cursor", "limit"},
                   withId([&control, jobs](std::int64_t id, const Request& request) {
                     // Unlike other lists it is one graph, so a client may want it whole.
                     const auto limit = numberParameter(request, "limit", 1000, 1, 10000);
                     if (!limit) return problem(limit.error());
                     return jsonOr((control.listings.*jobs)(id, optionalText(request, "cursor"),
                                                            static_cast<int>(*limit)));
                   }));
}

Response diff(Control& control, std::int64_t id, const Request& request) {
  if (!optionalText(request, "to"))
    return problem(invalid("Say with which plan to compare: ?to=ID.", "to"));
  const auto to = numberParameter(request, "to", 0, 1, std::numeric_limits<std::int64_t>::max());
  if (!to) return problem(to.error());
  return Response::computed(
      [&control, id, to = *to] { return jsonOr(control.contents.planDiff(id, to)); });
}

}  // namespace

void addPlanRoutes(Router& router, Control& control) {
  const std::string one = "/api/plans/{id}";
  router.get("/api/plans", listHandler(control, Listed::Plans));
  router.get(one, itemHandler(control, Listed::Plans));
  router.get(one + "/explain", explainHandler(control, Listed::Plans));
  router.get(one + "/jobs", jobsHandler(control, &Listings::jobsOfPlan));
  getOne(router, one + "/artifact", [&control](std::int64_t id) {
    return contentResponse(control.contents.ofPlan(id), "application/json", false);
  });
  router.get(one + "/diff",
             withQuery({"to"}, withId([&control](std::int64_t id, const Request& request) {
                         return diff(control, id, request);
                       })));
  getOne(router, one + "/cache", [&control](std::int64_t id) {
    return Response::computed([&control, id] { return jsonOr(control.cache.forecast(id)); });
  });
  router.post(
      one + "/enqueue-build",
      withQuery({}, idempotent(control, withId([&control](std::int64_t id, const Request& request) {
                                 return enqueueBuild(control, id, request);
                               }))));
  router.post(one + "/cancel",
              cancelHandler(control, [&control](std::int64_t id, const std::string& actor) {
                return control.actions.cancelPlan(id, actor);
              }));
}

void addBuildRoutes(Router& router, Control& control) {
  const std::string one = "/api/builds/{id}";
  router.get("/api/builds", listHandler(control, Listed::Builds));
  router.get(one, itemHandler(control, Listed::Builds));
  router.get(one + "/explain", explainHandler(control, Listed::Builds));
  router.get(one + "/jobs", jobsHandler(control, &Listings::jobsOfBuild));
  getOne(router, one + "/manifest", [&control](std::int64_t id) {
    return contentResponse(control.contents.manifestOf(id), "application/json", false);
  });
  router.get(one + "/provenance",
             withQuery({"artifact"}, withId([&control](std::int64_t id, const Request& request) {
                         return contentResponse(
                             control.statements.provenance(id, request.query.textOr("artifact")),
                             "application/json", false);
                       })));
  getOne(router, one + "/sbom", [&control](std::int64_t id) {
    return Response::computed([&control, id] { return jsonOr(control.statements.sbom(id)); });
  });
  router.get("/api/provenance/keys", withQuery({}, [&control](const Request&) {
               return Response::json(control.statements.keysJson());
             }));
  router.get(one + "/artifacts.tar", archiveHandler(control, ArchiveFormat::Tar));
  router.get(one + "/artifacts.zip", archiveHandler(control, ArchiveFormat::Zip));
  getOne(router, one + "/artifacts/{path...}", [&control](std::int64_t id, const Request& request) {
    return contentResponse(control.contents.artifact(id, request.param("path")),
                           "application/octet-stream", true);
  });
  router.post(one + "/cancel",
              cancelHandler(control, [&control](std::int64_t id, const std::string& actor) {
                return control.actions.cancelBuild(id, actor);
              }));
}

void addJobRoutes(Router& router, Control& control) {
  const std::string one = "/api/jobs/{id}";
  router.get("/api/jobs", listHandler(control, Listed::Jobs));
  router.get(one, itemHandler(control, Listed::Jobs));
  router.get(one + "/explain", explainHandler(control, Listed::Jobs));
  getOne(router, one + "/cache",
         [&control](std::int64_t id) { return jsonOr(control.cache.ofJob(id)); });
  router.post(one + "/cancel",
              cancelHandler(control, [&control](std::int64_t id, const std::string& actor) {
                return control.actions.cancelJob(id, actor);
              }));
}

}  // namespace planwright
