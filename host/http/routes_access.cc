// Signing in, and the keys of others (access/keys.h).
#include <cstdint>

#include <fmt/format.h>

#include "base/json.h"
#include "config/access_reader.h"
#include "config/units.h"
#include "http/api.h"
#include "http/gate.h"
#include "http/route_support.h"

namespace planwright {

namespace {

Error openToAll() {
  return conflict("access: {mode: none} stands in the configuration, so nobody needs a token.",
                  "no-access");
}

std::string callerJson(const Caller& caller, bool isOpen) {
  JsonWriter json;
  json.object()
      .member("access", isOpen ? "none" : "token")
      .textOrNull("name", caller.role == Role::Nobody ? "" : caller.name)
      .textOrNull("role", caller.role == Role::Nobody ? "" : toText(caller.role));
  writeQueues(json, caller.queues);
  return json.end().take();
}

bool isBehindTls(const Request& request) {
  return equalsIgnoringCase(request.headers.getOr("X-Forwarded-Proto"), "https");
}

/// Set-Cookie (RFC 6265). No page of another site, and no script, gets hold of it.
std::string cookieText(const AccessParts& access, const Request& request, std::string_view value,
                       std::chrono::seconds lifetime) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", access.cookie, value,
                     lifetime.count(), isBehindTls(request) ? "; Secure" : "");
}

Response login(const AccessParts& access, const Request& request) {
  if (!access.keys) return problem(openToAll());
  const auto body = bodyObject(request, {"key"});
  if (!body) return problem(body.error());
  const std::string key = textOr(*body, "key");
  if (key.empty())
    return problem(invalid("It must be a token, or what follows # in a login link.", "/key"));
  const auto session = access.keys->signIn(key);
  if (!session) {
    if (!access.wrongKeys.add(request.peer)) return problem(session.error());
    return tooManyWrongKeys();
  }
  return Response::json(callerJson(session->first, false))
      .noting({.actor = session->first})
      .with("Set-Cookie", cookieText(access, request, session->second, Keys::kSessionLifetime));
}

Response logout(const AccessParts& access, const Request& request) {
  if (const auto body = bodyObject(request, {}); !body) return problem(body.error());
  if (access.keys) access.keys->signOut(request.caller);
  return Response::noContent().with("Set-Cookie",
                                    cookieText(access, request, "", std::chrono::seconds(0)));
}

Response loginLink(const AccessParts& access, const Request& request) {
  if (!access.keys) return problem(openToAll());
  if (const auto body = bodyObject(request, {}); !body) return problem(body.error());
  JsonWriter json;
  json.object()
      .member("path", "/login#" + access.keys->addLink(request.caller))
      .member("expires_in", std::chrono::seconds(Keys::kLinkLifetime).count());
  return Response::json(json.end().take(), 201);
}

Result<SomeQueues> queuesMember(const JsonValue& body, const Config& config) {
  const JsonValue* given = find(body, "queues");
  if (!given || given->IsNull()) return SomeQueues();
  if (!given->IsArray() || given->Empty())
    return invalid("It must be a list of queues; leave it out for all queues.", "/queues");
  std::set<std::string> queues;
  for (const auto& name : given->GetArray()) {
    const std::string text =
        name.IsString() ? std::string(name.GetString(), name.GetStringLength()) : "";
    if (!config.queue(text))
      return invalid(fmt::format("There is no queue \"{}\"; there are {}.", text,
                                 fmt::join(config.queueNames(), ", ")),
                     "/queues");
    queues.insert(text);
  }
  return SomeQueues(std::move(queues));
}

Result<TokenWish> tokenWish(const Request& request, const Config& config) {
  const auto body = bodyObject(request, {"name", "role", "queues", "expires_in"});
  if (!body) return body.error();
  TokenWish wish;
  wish.by = request.caller.name;
  wish.caller.name = textOr(*body, "name");
  if (!isCallerName(wish.caller.name))
    return invalid("It must be 1 to 64 letters, digits and ._@-, which events show.", "/name");
  const auto role = parseRole(textOr(*body, "role"));
  if (!role) return invalid("It must be one of " + roleNames() + ".", "/role");
  wish.caller.role = *role;
  auto queues = queuesMember(*body, config);
  if (!queues) return queues.error();
  wish.caller.queues = std::move(*queues);
  if (find(*body, "expires_in") == nullptr) return wish;
  const auto lifetime = parseDuration(textOr(*body, "expires_in"));
  if (!lifetime) return invalid(lifetime.error().message, "/expires_in");
  if (*lifetime < std::chrono::seconds(1) || *lifetime > std::chrono::hours(24 * 3660))
    return invalid("It must be from 1s to ten years.", "/expires_in");
  wish.lifetime = std::chrono::duration_cast<std::chrono::seconds>(*lifetime);
  return wish;
}

/// The only answer that shows the text of a token.
Response createToken(const AccessParts& access, Control& control, const Request& request) {
  if (!access.keys) return problem(openToAll());
  const auto wish = tokenWish(request, *control.parts.config.now());
  if (!wish) return problem(wish.error());
  const auto made = access.keys->addToken(*wish);
  if (!made) return problem(made.error());
  const auto token = access.keys->tokenJson(made->id);
  if (!token) return problem(token.error());
  JsonWriter json;
  json.object().member("token", made->text).membersOf(*token);
  return Response::json(json.end().take(), 201)
      .noting({.item = "token/" + std::to_string(made->id), .after = *token})
      .with("Location", "/api/tokens/" + std::to_string(made->id));
}

Response revokeToken(const AccessParts& access, const Request& request) {
  if (!access.keys) return problem(openToAll());
  const auto id = request.id();
  if (!id) return problem(id.error());
  const auto token = access.keys->tokenJson(*id);
  const auto done = access.keys->revokeToken(*id, request.caller.name);
  if (!done) return problem(done.error());
  return Response::noContent().noting({.before = token ? *token : ""});
}

}  // namespace

void addAccessRoutes(Router& router, Control& control, const AccessParts& access) {
  router.get("/api/me", withQuery({}, [access](const Request& request) {
               return Response::json(callerJson(request.caller, access.keys == nullptr));
             }));
  const auto post = [&](const char* path, auto handler) {
    router.add(Method::Post, path,
               withQuery({}, [access, handler](
                                 const Request& request) { return handler(access, request); }),
               {.readOnlyOk = true});
  };
  post("/api/login", login);
  post("/api/logout", logout);
  post("/api/login-links", loginLink);
  router.get("/api/tokens", withQuery({}, [access](const Request&) {
               return access.keys ? Response::json(access.keys->tokensJson())
                                  : problem(openToAll());
             }));
  router.post("/api/tokens", withQuery({}, [access, &control](const Request& request) {
                return createToken(access, control, request);
              }));
  router.get("/api/tokens/{id}", withQuery({}, [access](const Request& request) {
               if (!access.keys) return problem(openToAll());
               const auto id = request.id();
               return id ? jsonOr(access.keys->tokenJson(*id)) : problem(id.error());
             }));
  router.add(
      Method::Delete, "/api/tokens/{id}",
      withQuery({}, [access](const Request& request) { return revokeToken(access, request); }),
      {.inMaintenance = true});  // a token that got lost is revoked at any time
}

}  // namespace planwright
