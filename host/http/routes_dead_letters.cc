#include <array>

#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

LetterFilter letterFilter(const Request& request) {
  return {.queue = optionalText(request, "queue"),
          .queues = request.caller.queues,
          .kind = optionalText(request, "kind"),
          .klass = optionalText(request, "class"),
          .reason = optionalText(request, "reason"),
          .cause = optionalText(request, "cause"),
          .text = optionalText(request, "q")};
}

/// The members of `filter` in a body. Invalid points at the first that is not one.
Result<LetterFilter> letterFilter(const JsonValue& body) {
  LetterFilter filter;
  const JsonValue* given = find(body, "filter");
  if (!given) return invalid("Name what to take, {} for all.", "/filter");
  if (!given->IsObject()) return invalid("It must be an object.", "/filter");
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 6> members = {
      {{"queue", &filter.queue},
       {"kind", &filter.kind},
       {"class", &filter.klass},
       {"reason", &filter.reason},
       {"cause", &filter.cause},
       {"q", &filter.text}}};
  for (const auto& member : given->GetObject()) {
    const std::string name(member.name.GetString(), member.name.GetStringLength());
    const auto known = std::find_if(members.begin(), members.end(),
                                    [&](const auto& one) { return one.first == name; });
    if (known == members.end())
      return invalid("There is no member \"" + name + "\" here.", "/filter/" + name);
    if (!member.value.IsString()) return invalid("It must be a text.", "/filter/" + name);
    *known->second = std::string(member.value.GetString(), member.value.GetStringLength());
  }
  return filter;
}

Result<BulkWish> bulkWish(const JsonValue& body, const Caller& caller) {
  BulkWish wish;
  wish.actor = caller.name;
  wish.action = textOr(body, "action");
  if (wish.action != "requeue" && wish.action != "discard")
    return invalid("It must be \"requeue\" or \"discard\".", "/action");
  if (textOr(body, "target") != "dead-letters")
    return invalid("It must be \"dead-letters\".", "/target");
  auto filter = letterFilter(body);
  if (!filter) return filter.error();
  wish.filter = std::move(*filter);
  wish.filter.queues = caller.queues;
  if (const JsonValue* expected = find(body, "expected"); expected && !expected->IsNull()) {
    if (!expected->IsInt64()) return invalid("It must be a whole number.", "/expected");
    wish.expected = expected->GetInt64();
  }
  return wish;
}

Response startBulk(Control& control, const Request& request) {
  const auto body = bodyObject(request, {"action", "target", "filter", "dry_run", "expected"});
  if (!body) return problem(body.error());
  const auto wish = bulkWish(*body, request.caller);
  if (!wish) return problem(wish.error());
  const auto dryRun = flagMember(*body, "dry_run");
  if (!dryRun) return problem(dryRun.error());
  if (*dryRun) return jsonOr(control.deadLetters.tryBulk(*wish));
  auto begun = control.deadLetters.startBulk(*wish);
  if (!begun) return problem(begun.error());
  return Response::json(std::move(begun->json), 202)
      .noting({.item = "bulk-operation/" + std::to_string(begun->id), .after = toJson(*body)})
      .with("Location", "/api/bulk-operations/" + std::to_string(begun->id));
}

using LetterAction = Result<std::string> (DeadLetters::*)(std::int64_t, const std::string&) const;

Handler answerHandler(Control& control, LetterAction action) {
  return withQuery(
      {}, idempotent(control, withId([&control, action](std::int64_t id, const Request& request) {
                       return jsonOr((control.deadLetters.*action)(id, request.caller.name));
                     })));
}

}  // namespace

void addDeadLetterRoutes(Router& router, Control& control) {
  const std::string all = "/api/dead-letters";
  router.get(all, withQuery({"queue", "kind", "class", "reason", "cause", "q", "cursor", "limit"},
                            [&control](const Request& request) {
                              const auto limit = numberParameter(request, "limit", 50, 1, 200);
                              if (!limit) return problem(limit.error());
                              return jsonOr(control.deadLetters.list(
                                  letterFilter(request), optionalText(request, "cursor"),
                                  static_cast<int>(*limit)));
                            }));
  router.get(all + "/causes",
             withQuery({"queue", "kind", "class", "reason", "cause", "q"},
                       [&control](const Request& request) {
                         return jsonOr(control.deadLetters.causes(letterFilter(request)));
                       }));
  getOne(router, all + "/{id}",
         [&control](std::int64_t id) { return jsonOr(control.deadLetters.item(id)); });
  router.post(all + "/{id}/requeue", answerHandler(control, &DeadLetters::requeue));
  router.post(all + "/{id}/discard", answerHandler(control, &DeadLetters::discard));
  router.post("/api/bulk-operations",
              withQuery({}, idempotent(control, [&control](const Request& request) {
                          return startBulk(control, request);
                        })));
  getOne(router, "/api/bulk-operations/{id}", [&control](std::int64_t id, const Request& request) {
    const Caller& caller = request.caller;
    return jsonOr(control.deadLetters.bulk(id, caller.queues ? caller.name : std::string()));
  });
}

}  // namespace planwright
