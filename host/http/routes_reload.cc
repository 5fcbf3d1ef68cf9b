#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Result<ReloadRequest> reloadWish(const Request& request) {
  const auto body = bodyObject(request, {"dry_run", "text"});
  if (!body) return body.error();
  const auto dryRun = flagMember(*body, "dry_run");
  if (!dryRun) return dryRun.error();
  ReloadRequest wish{.isDryRun = *dryRun, .text = {}, .actor = request.caller.name};
  const JsonValue* text = find(*body, "text");
  if (!text || text->IsNull()) return wish;
  if (!text->IsString()) return invalid("It must be the text of a configuration file.", "/text");
  if (!wish.isDryRun)
    return invalid("A host takes over its own file only; with \"dry_run\" a text is compared.",
                   "/text");
  wish.text = std::string(text->GetString(), text->GetStringLength());
  return wish;
}

Response reloadResponse(ReloadAnswer answer) {
  if (!answer.refusal) return Response::json(answer.json).noting({.after = answer.json});
  Problem refused = toProblem(*answer.refusal);
  if (answer.refusal->kind == ErrorKind::Invalid) refused.status = 422;
  refused.errors = std::move(answer.mistakes);
  return problem(refused);
}

}  // namespace

void addReloadRoute(Router& router, Control& control) {
  router.post("/api/reload", withQuery({}, [&control](const Request& request) {
                auto wish = reloadWish(request);
                if (!wish) return problem(wish.error());
                return reloadResponse(control.parts.reload->run(*wish));
              }));
  const auto add = [&router](const char* path, auto act) {
    router.post(path, withQuery({}, [act](const Request& request) {
                  if (const auto body = bodyObject(request, {}); !body)
                    return problem(body.error());
                  Result<std::string> done =
                      act(std::string(request.param("queue")), request.caller.name);
                  if (!done) {
                    Problem refused = toProblem(done.error());
                    if (done.error().kind == ErrorKind::Invalid) refused.status = 422;
                    return problem(refused);
                  }
                  return Response::json(*done).noting({.after = *done});
                }));
  };
  add("/api/queues/{queue}/plugins/reload",
      [&control](const std::string& queue, const std::string& actor) {
        return control.parts.plugSwitch->reload(queue, actor);
      });
  add("/api/queues/{queue}/plugins/rollback",
      [&control](const std::string& queue, const std::string& actor) {
        return control.parts.plugSwitch->rollback(queue, actor);
      });
}

}  // namespace planwright
