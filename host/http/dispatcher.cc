#include "http/dispatcher.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <random>
#include <system_error>

#include "base/log.h"
#include "base/unavailable.h"
#include "http/guard.h"
#include "http/problem.h"

namespace planwright {

namespace {

bool isUsableId(std::string_view id) {
  constexpr std::size_t kMaxLength = 128;
  return !id.empty() && id.size() <= kMaxLength && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

Response unavailable(const Unavailable& why) {
  return problem(503, "unavailable", std::string(why.what()) + " Try again in a moment.");
}

Response internalError() {
  return problem(500, "internal", "The server failed to answer; its log has the request id.");
}

}  // namespace

std::string makeRequestId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::array<char, 17> text{};
  snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(random()));
  return text.data();
}

Dispatcher::Dispatcher(const Router& router, const ServerOptions& options)
    : router_(router),
      options_(options) {}

std::optional<Response> Dispatcher::unrouted(const Request& request,
                                             const Router::Match& match) const {
  if (match.route != nullptr) return std::nullopt;
  switch (match.status) {
    case 204:
      return Response::noContent().with("Allow", match.allow);
    case 400:
      return problem(400, "invalid", "The URL has a broken % escape or is not UTF-8.");
    case 405:
      return problem(405, "method-not-allowed",
                     "Not possible here: " + std::string(toText(request.method)) +
                         ". Possible: " + match.allow + ".")
          .with("Allow", match.allow);
    default:
      return problem(404, "not-found", "There is nothing at " + request.path + ".");
  }
}

std::optional<Response> Dispatcher::inMaintenance(const Request& request,
                                                  const RouteOptions& route) const {
  if (!options_.maintenance || !isWrite(request.method) || route.readOnlyOk || route.inMaintenance)
    return std::nullopt;
  if (const auto sentence = options_.maintenance()) return problem(503, "maintenance", *sentence);
  return std::nullopt;
}

Dispatcher::Admission Dispatcher::admit(Request& request) const {
  Admission admission;
  const std::string_view sent = request.headers.getOr("X-Request-Id");
  request.requestId = isUsableId(sent) ? std::string(sent) : makeRequestId();
  admission.match = router_.match(request.method, request.path);
  request.params = admission.match.params;
  const RouteOptions options =
      admission.match.route ? admission.match.route->options : RouteOptions{};
  admission.refusal = refusalFor(request, options, options_.allowedHosts, options_.readOnly);
  if (!admission.refusal) admission.refusal = unrouted(request, admission.match);
  if (admission.refusal) {
    request.caller = Caller::nobody();  // nobody has looked who it is
    return admission;
  }
  try {
    if (options_.gate) admission.refusal = options_.gate(request, *admission.match.route);
    if (!admission.refusal && options_.limit)
      admission.refusal = options_.limit(request, *admission.match.route);
    if (!admission.refusal) admission.refusal = inMaintenance(request, options);
  } catch (const Unavailable& e) {
    admission.refusal = unavailable(e);
  } catch (const std::exception& e) {
    log::error("http gate failed request={} error={}", request.requestId, e.what());
    admission.refusal = internalError();
  }
  return admission;
}

template <class Make>
Response Dispatcher::run(const Request& request, Make make) const {
  try {
    return make();
  } catch (const Unavailable& e) {
    log::warn("http dependency away request={} error={}", request.requestId, e.what());
    return unavailable(e);
  } catch (const std::exception& e) {
    log::error("http handler failed path={} request={} error={}", request.path, request.requestId,
               e.what());
  } catch (...) {
    log::error("http handler threw no exception path={} request={}", request.path,
               request.requestId);
  }
  return internalError();
}

Response Dispatcher::answer(const Request& request, Admission admission) const noexcept {
  const Begin begin = std::chrono::steady_clock::now();
  const Route* route = admission.match.route;
  Response response = admission.refusal ? std::move(*admission.refusal)
                                        : run(request, [&] { return route->handler(request); });
  if (std::holds_alternative<LateBody>(response.body)) return response;
  if (route && options_.onWrite && isWrite(request.method))
    options_.onWrite(request, *route, response);
  return complete(request, route, begin, std::move(response));
}

Response Dispatcher::answerLate(const Request& request, const Route* route,
                                const LateBody& late) const noexcept {
  const Begin begin = std::chrono::steady_clock::now();
  return complete(request, route, begin, run(request, [&] { return late.make(); }));
}

/// An event stream goes on while the gate lets the same caller in.
void Dispatcher::keepAsking(const Request& request, const Route* route, Response& response) const {
  auto* events = std::get_if<EventSubscription>(&response.body);
  if (events == nullptr || !options_.gate) return;
  events->isStillAllowed = [this, request, route] {
    Request again = request;
    return !options_.gate(again, *route) && again.caller == request.caller;
  };
}

Response Dispatcher::complete(const Request& request, const Route* route, Begin begin,
                              Response response) const {
  keepAsking(request, route, response);
  completeProblem(response, request.path, request.requestId);
  response.headers.set("X-Request-Id", request.requestId);
  addSecurityHeaders(response);
  if (options_.onRequest)
    options_.onRequest({request.method, route ? std::string_view(route->pattern) : "",
                        response.status, std::chrono::steady_clock::now() - begin});
  return response;
}

}  // namespace planwright
