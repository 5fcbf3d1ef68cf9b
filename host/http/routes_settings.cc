#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

std::string quoted(const std::string& text) {
  return JsonWriter().value(text).take();
}

Response refused(const SettingsRefusal& refusal) {
  Problem answer = toProblem(refusal.error);
  if (!refusal.fields.empty()) answer.errors = refusal.fields;
  if (!refusal.currentEtag.empty())
    answer.extensions = {{"current_etag", quoted('"' + refusal.currentEtag + '"')},
                         {"changed_by", quoted(refusal.changedBy)},
                         {"changed_at", quoted(refusal.changedAt)}};
  return problem(answer);
}

Result<SettingsView> change(Control& control, const Request& request, const std::string& queue) {
  auto done = control.settings.patch({.queue = queue,
                                      .body = request.body,
                                      .expectedEtag = ifMatch(request),
                                      .actor = request.caller.name});
  control.overview.forget();
  return done;
}

Response settingsResponse(Result<SettingsView> view) {
  if (!view) return problem(view.error());
  if (view->refusal) return refused(*view->refusal);
  AuditNote note{.before = view->before, .after = view->after};
  return Response::json(std::move(view->json)).etag(view->etag).noting(std::move(note));
}

/// The queue as in the list, with the ETag of its settings.
Response queueResponse(Control& control, const std::string& name) {
  const auto settings = control.settings.get(name);
  if (!settings) return problem(settings.error());
  auto queue = control.overview.queue(name);
  if (!queue) return problem(queue.error());
  return Response::json(std::move(*queue)).etag(settings->etag);
}

Response patchQueue(Control& control, const Request& request) {
  const std::string name(request.param("queue"));
  const auto done = change(control, request, name);
  if (!done) return problem(done.error());
  if (done->refusal) return refused(*done->refusal);
  return queueResponse(control, name).noting({.before = done->before, .after = done->after});
}

Handler pauseHandler(Control& control, bool paused) {
  return withQuery(
      {}, idempotent(control, [&control, paused](const Request& request) {
        const std::string name(request.param("queue"));
        const auto done = control.settings.pause(name, std::string(request.param("stage")), paused,
                                                 request.caller.name);
        control.overview.forget();
        if (!done) return problem(done.error());
        if (done->refusal) return refused(*done->refusal);
        return queueResponse(control, name).noting({.before = done->before, .after = done->after});
      }));
}

std::optional<std::string> firstHeader(const Request& request,
                                       std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto value = request.headers.find(name)) return std::string(*value);
  return std::nullopt;
}

/// As the webhooks of forges call it.
Response nudge(const Control& control, const Request& request) {
  Nudge nudge{std::string(request.param("queue")),
              request.body,
              {},
              firstHeader(request, {"X-GitHub-Delivery", "X-Gitea-Delivery", "X-Gogs-Delivery",
                                    "X-Gitlab-Event-UUID", "X-Request-UUID"})};
  for (const auto name : Nudges::proofHeaders())
    if (const auto value = request.headers.find(name)) nudge.proofs.emplace(name, *value);
  const auto isNew = control.nudges.nudge(nudge);
  if (!isNew) return problem(isNew.error());
  JsonWriter answer;
  answer.object().member("queue", nudge.queue).member("repeated", !*isNew);
  Response response = Response::json(answer.end().take(), 202);
  const auto config = control.parts.config.now();
  const auto* called = config->queue(nudge.queue);
  if (called && !called->nudgeSecret.empty())  // so it was proven
    response.note.actor = Caller{.name = "webhook", .kind = CallerKind::Webhook};
  return response;
}

}  // namespace

void addSettingsRoutes(Router& router, Control& control) {
  const auto queue = [&control] { return control.parts.config.now()->defaultQueue().name; };
  router.get("/api/settings", withQuery({}, [&control, queue](const Request&) {
               return settingsResponse(control.settings.get(queue()));
             }));
  for (const Method method : {Method::Patch, Method::Put, Method::Post})
    router.add(method, "/api/settings", withQuery({}, [&control, queue](const Request& request) {
                 return settingsResponse(change(control, request, queue()));
               }));
  router.get("/api/settings/schema", withQuery({}, [](const Request&) {
               return Response::json(QueueSettings::schemaJson());
             }));
  router.get("/api/settings/sources", withQuery({}, [&control, queue](const Request&) {
               return jsonOr(control.settings.sourcesJson(queue()));
             }));
}

void addQueueRoutes(Router& router, Control& control) {
  const std::string one = "/api/queues/{queue}";
  router.get("/api/queues", withQuery({}, [&control](const Request& request) {
               return Response::json(control.overview.queues(request.caller.queues));
             }));
  router.get(one, withQuery({}, [&control](const Request& request) {
               return queueResponse(control, std::string(request.param("queue")));
             }));
  for (const Method method : {Method::Patch, Method::Put, Method::Post})
    router.add(method, one, withQuery({}, [&control](const Request& request) {
                 return patchQueue(control, request);
               }));
  router.get(one + "/settings", withQuery({}, [&control](const Request& request) {
               return settingsResponse(control.settings.get(std::string(request.param("queue"))));
             }));
  router.get(one + "/settings/sources", withQuery({}, [&control](const Request& request) {
               return jsonOr(control.settings.sourcesJson(std::string(request.param("queue"))));
             }));
  router.post(one + "/nudge", withQuery({}, [&control](const Request& request) {
                return nudge(control, request);
              }));
  router.post(one + "/{stage}/pause", pauseHandler(control, true));
  router.post(one + "/{stage}/resume", pauseHandler(control, false));
}

}  // namespace planwright
