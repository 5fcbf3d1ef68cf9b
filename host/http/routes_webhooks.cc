// Webhooks, and what was sent to them (webhooks/webhooks.h).
#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Response addWebhook(Webhooks& webhooks, Control& control, const Request& request) {
  const auto body = bodyObject(
      request, {"kind", "url", "mode", "queues", "types", "repository", "token_secret", "page"});
  if (!body) return problem(body.error());
  const auto wish = readWebhookWish(*body, *control.parts.config.now());
  if (!wish) return problem(wish.error());
  auto added = webhooks.add(*wish, request.caller.name);
  const std::string id = std::to_string(added.id);
  AuditNote note{.item = "webhook/" + id, .after = *webhooks.one(added.id)};  // without the secret
  return Response::json(std::move(added.json), 201)
      .with("Location", "/api/webhooks/" + id)
      .noting(std::move(note));
}

Response deliveries(Webhooks& webhooks, std::int64_t id, const Request& request) {
  const auto limit = numberParameter(request, "limit", 50, 1, 200);
  if (!limit) return problem(limit.error());
  return jsonOr(webhooks.deliveries(id, {.state = optionalText(request, "state"),
                                         .cursor = optionalText(request, "cursor"),
                                         .limit = static_cast<int>(*limit)}));
}

Response replay(Webhooks& webhooks, std::int64_t id, const Request& request) {
  const auto body = bodyObject(request, {"after"});
  if (!body) return problem(body.error());
  return jsonOr(webhooks.replay(id, textOr(*body, "after")));
}

/// A POST on one of them, with an empty body.
template <class Answer>  // Result<std::string>(std::int64_t id)
Handler plainPost(Answer answer, int status = 200) {
  return withQuery({}, withId([answer, status](std::int64_t id, const Request& request) {
                     if (const auto body = bodyObject(request, {}); !body)
                       return problem(body.error());
                     auto json = answer(id);
                     return json ? Response::json(std::move(*json), status) : problem(json.error());
                   }));
}

}  // namespace

void addWebhookRoutes(Router& router, Control& control, Webhooks& webhooks) {
  const std::string all = "/api/webhooks", one = all + "/{id}";
  router.get(
      all, withQuery({}, [&webhooks](const Request&) { return Response::json(webhooks.list()); }));
  router.post(all, withQuery({}, [&](const Request& request) {
                return addWebhook(webhooks, control, request);
              }));
  getOne(router, one, [&](std::int64_t id) { return jsonOr(webhooks.one(id)); });
  router.add(Method::Delete, one,
             withQuery({}, withId([&](std::int64_t id) {
                         const auto before = webhooks.one(id);
                         const auto done = webhooks.remove(id);
                         if (!before || !done) return problem(done.error());
                         return Response::noContent().noting({.before = *before});
                       })));
  router.post(one + "/rotate-secret",
              plainPost([&](std::int64_t id) { return webhooks.rotate(id); }));
  router.post(one + "/test", plainPost([&](std::int64_t id) { return webhooks.test(id); }, 202));
  router.post(one + "/replay", withQuery({}, withId([&](std::int64_t id, const Request& request) {
                                           return replay(webhooks, id, request);
                                         })));
  router.get(one + "/deliveries", withQuery({"state", "cursor", "limit"},
                                            withId([&](std::int64_t id, const Request& request) {
                                              return deliveries(webhooks, id, request);
                                            })));
  const std::string delivery = "/api/webhook-deliveries/{id}";
  getOne(router, delivery, [&](std::int64_t id) { return jsonOr(webhooks.delivery(id)); });
  router.post(delivery + "/redeliver",
              plainPost([&](std::int64_t id) { return webhooks.redeliver(id); }, 202));
}

}  // namespace planwright
