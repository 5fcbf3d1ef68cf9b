#include "http/gate.h"

#include <fmt/format.h>

#include "base/signing_key.h"
#include "http/problem.h"

namespace planwright {

namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

bool startsIgnoringCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equalsIgnoringCase(text.substr(0, start.size()), start);
}

/// The password of Basic credentials (RFC 7617): what pip and other installers send.
std::string passwordOf(std::string_view credentials) {
  const auto plain = fromBase64(credentials);
  if (!plain) return {};
  const auto colon = plain->find(':');
  return colon == std::string::npos ? std::string() : plain->substr(colon + 1);
}

/// Installers ask people for a password when they see Basic.
std::string challengeFor(const Request& request) {
  return request.path.starts_with("/simple") ? R"(Basic realm="planwright", charset="UTF-8")"
                                             : R"(Bearer realm="planwright")";
}

Response unauthorized(const Request& request, bool hasKey) {
  return problem(401, "unauthorized",
                 hasKey ? "The token or session is not valid, or not any more."
                        : "Say who you are: Authorization: Bearer TOKEN. An administrator's token "
                          "is in the file \"token\" of the server's data folder; `planwright token "
                          "create` makes others.")
      .with("WWW-Authenticate", challengeFor(request));
}

Response forbidden(const Caller& caller, Role needed, const std::string& where) {
  return problem(
      403, "forbidden",
      fmt::format("This needs the role {}{}; {} is {}{}.", toText(needed), where, caller.name,
                  toText(caller.role),
                  caller.queues ? fmt::format(" of {}", fmt::join(*caller.queues, ", ")) : ""));
}

}  // namespace

std::string sessionCookie(int port) {
  return "planwright_" + std::to_string(port);
}

std::string_view cookieOf(const Headers& headers, std::string_view name) {
  std::string_view rest = headers.getOr("Cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return pair.substr(equals + 1);
  }
  return {};
}

Response tooManyWrongKeys() {
  return problem(429, "too-many-wrong-keys",
                 "Too many wrong tokens came from this address; try again in a minute.")
      .with("Retry-After", "60");
}

Gate::Shown Gate::shownBy(const Request& request) const {
  if (const auto sent = request.headers.find("Authorization")) {
    if (startsIgnoringCase(*sent, kBearer))
      return {KeyKind::Token, std::string(sent->substr(kBearer.size()))};
    if (startsIgnoringCase(*sent, kBasic))
      return {KeyKind::Token, passwordOf(sent->substr(kBasic.size()))};
  }
  return {KeyKind::Session, std::string(cookieOf(request.headers, parts_.cookie))};
}

std::optional<Response> Gate::operator()(Request& request, const Route& route) const {
  if (!parts_.keys) return std::nullopt;
  request.caller = Caller::nobody();
  const RouteRight& right = route.right;
  const Shown shown = shownBy(request);
  if (!shown.text.empty()) {
    if (auto caller = parts_.keys->find(shown.kind, shown.text))
      request.caller = std::move(*caller);
    else if (shown.kind == KeyKind::Token && parts_.wrongKeys.add(request.peer) &&
             right.scope != Scope::Probe)
      return tooManyWrongKeys();
  }
  if (right.role == Role::Nobody) return std::nullopt;
  if (request.caller.role == Role::Nobody) return unauthorized(request, !shown.text.empty());
  if (request.caller.role < right.role) return forbidden(request.caller, right.role, "");
  return request.caller.queues ? refuseQueue(request, right) : std::nullopt;
}

/// For a caller of some queues only.
std::optional<Response> Gate::refuseQueue(const Request& request, const RouteRight& right) const {
  if (right.scope == Scope::None || right.scope == Scope::Probe || right.scope == Scope::Filtered)
    return std::nullopt;
  if (right.scope == Scope::Whole) return forbidden(request.caller, right.role, " of all queues");
  auto queue = parts_.queues.queueOf(request, right.scope);
  if ((!queue || request.caller.mayUse(*queue)) && right.scope == Scope::Plan)
    queue = parts_.queues.queueOfOther(request);
  if (queue && !request.caller.mayUse(*queue))
    return forbidden(request.caller, right.role, " of " + *queue);
  return std::nullopt;  // what does not exist is said by the handler
}

}  // namespace planwright
