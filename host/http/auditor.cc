#include "http/auditor.h"

#include <optional>

#include "base/json.h"
#include "base/unavailable.h"
#include "base/utf8.h"

namespace planwright {
namespace {

constexpr std::size_t kLongestUserAgent = 200;

/// 401 and 403 refuse the caller, 421 the name under which it asked.
bool isRefusal(int status) {
  return status == 401 || status == 403 || status == 421;
}

/// The document's path as the router writes it.
std::string patternOf(std::string path) {
  constexpr std::string_view kRest = "{path}";
  if (const auto at = path.find(kRest); at != std::string::npos)
    path.replace(at, kRest.size(), "{path...}");
  return path;
}

/// "plan/7": what the path of a request names.
std::string itemOf(const Request& request, const Route& route, const std::string& queue) {
  switch (route.right.scope) {
    case Scope::Queue:
    case Scope::Default:
      return "queue/" + queue;
    case Scope::Input:
      return "input/" + std::string(request.param("id"));
    case Scope::Plan:
      return "plan/" + std::string(request.param("id"));
    case Scope::Build:
      return "build/" + std::string(request.param("id"));
    case Scope::Job:
      return "job/" + std::string(request.param("id"));
    case Scope::Letter:
      return "dead-letter/" + std::string(request.param("id"));
    default:
      break;
  }
  const auto begins = [&](std::string_view start) { return route.pattern.starts_with(start); };
  if (begins("/api/tokens/{id}")) return "token/" + std::string(request.param("id"));
  if (begins("/api/plugins/{id}")) return "plugin/" + std::string(request.param("id"));
  if (begins("/api/webhooks/{id}")) return "webhook/" + std::string(request.param("id"));
  if (begins("/api/webhook-deliveries/{id}"))
    return "webhook-delivery/" + std::string(request.param("id"));
  return {};
}

std::string reasonOf(const Response& response) {
  const auto* body = std::get_if<std::string>(&response.body);
  if (response.status < 400 || body == nullptr) return {};
  const auto problem = parseJson(*body);
  const std::string type = problem ? textOr(*problem, "type") : "";
  return type.substr(type.rfind('/') + 1);
}

}  // namespace

Auditor::Auditor(const Control& control, const RequestQueues& queues, std::string_view openapi)
    : control_(control),
      queues_(queues),
      strangers_(control.parts.clock) {
  const auto document = parseJson(openapi);
  const JsonValue* paths = document ? find(*document, "paths") : nullptr;
  if (!paths) return;
  for (const auto& path : paths->GetObject())
    for (const Method method : {Method::Post, Method::Put, Method::Patch, Method::Delete}) {
      std::string name(toText(method));
      for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
      if (const JsonValue* operation = find(path.value, name))
        actions_[{method, patternOf(path.name.GetString())}] = textOr(*operation, "operationId");
    }
}

std::string Auditor::actionOf(const Route& route) const {
  const auto found = actions_.find({route.method, route.pattern});
  return found == actions_.end() ? std::string(toText(route.method)) + " " + route.pattern
                                 : found->second;
}

std::string Auditor::queueOf(const Request& request, const Route& route) const {
  try {
    return queues_.queueOf(request, route.right.scope).value_or("");
  } catch (const Unavailable&) {  // the row cannot be written either, and the log says what it is
    return {};
  }
}

void Auditor::add(const Request& request, const Route& route, const Response& response) {
  if (response.status == 429 || response.headers.has("Idempotent-Replay")) return;
  const AuditNote& note = response.note;
  AuditEntry entry;
  entry.actor = note.actor.value_or(request.caller);
  if (entry.actor.kind == CallerKind::Nobody &&
      strangers_.add(request.peer).times > kMostOfStrangers) {
    control_.parts.metrics.add("planwright_audit_left_out_total", {}, 1);
    return;
  }
  entry.address = request.peer;
  entry.userAgent = toUtf8(request.headers.getOr("User-Agent").substr(0, kLongestUserAgent));
  entry.requestId = request.requestId;
  entry.action = actionOf(route);
  entry.queue = queueOf(request, route);
  entry.item = note.item.empty() ? itemOf(request, route, entry.queue) : note.item;
  entry.isAllowed = !isRefusal(response.status);
  entry.status = response.status;
  entry.reason = reasonOf(response);
  entry.before = note.before;
  entry.after = note.after;
  control_.audit.add(entry);
}

}  // namespace planwright
