#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "control/actions.h"
#include "control/contents.h"
#include "control/control.h"
#include "control/listings.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

namespace planwright {

/// 200 with that JSON, or the problem.
Response jsonOr(Result<std::string> result);
/// Wraps a handler: a query parameter that is not in the list is a 400.
Handler withQuery(std::initializer_list<std::string_view> allowed, Handler handler);
/// Wraps a POST: with an Idempotency-Key, the same request gets the kept answer.
Handler idempotent(Control& control, Handler handler);

/// A handler of one thing, which is given the id in the path. What is no id is answered here.
template <class Answer>  // Response(std::int64_t id, const Request&), or without the request
Handler withId(Answer answer) {
  return [answer](const Request& request) {
    const auto id = request.id();
    if (!id) return problem(id.error());
    if constexpr (std::is_invocable_v<Answer, std::int64_t>)
      return answer(*id);
    else
      return answer(*id, request);
  };
}
/// A GET of one thing, without parameters.
template <class Answer>
void getOne(Router& router, const std::string& path, Answer answer) {
  router.get(path, withQuery({}, withId(std::move(answer))));
}

/// The queues that the caller asks for by `queue` and may see; nothing: all of them.
SomeQueues queuesWanted(const Request& request);
/// `queue, status, q, reason, cursor, limit`.
Result<ListQuery> listQuery(const Request& request);
/// A GET that is a list of `what`.
Handler listHandler(Control& control, Listed what);
Handler itemHandler(Control& control, Listed what);
Handler explainHandler(Control& control, Listed what);

/// A POST that cancels: 200 if nothing of it runs any more, else 202.
template <class Cancel>  // Result<Cancelled>(std::int64_t id, const std::string& actor)
Handler cancelHandler(Control& control, Cancel cancel) {
  return withQuery(
      {}, idempotent(control, withId([cancel](std::int64_t id, const Request& request) {
                       auto done = cancel(id, request.caller.name);
                       if (!done) return problem(done.error());
                       return Response::json(std::move(done->itemJson), done->isOver ? 200 : 202);
                     })));
}

/// What somebody enqueued: 202, or 200 if it was queued already. `name`: of the item in the answer.
Response enqueuedResponse(const Result<Enqueued>& done, std::string_view name);

/// A parameter that may be absent.
std::optional<std::string> optionalText(const Request& request, std::string_view name);
/// A whole number from `low` to `high`.
Result<long long> numberParameter(const Request& request, std::string_view name, long long fallback,
                                  long long low, long long high);
/// The JSON object in the body; an empty body is {}. A member that is not allowed is Invalid.
Result<JsonDocument> bodyObject(const Request& request,
                                std::initializer_list<std::string_view> allowed);
/// A boolean member, false without it.
Result<bool> flagMember(const JsonValue& body, std::string_view name);
/// If-Match without quotes; nullopt if absent or "*".
std::optional<std::string> ifMatch(const Request& request);
/// The trace id of a W3C traceparent header, or empty.
std::string traceIdOf(const Request& request);

/// Content-Disposition of a download, as RFC 6266 wants it: a safe ASCII name and the real one.
std::string disposition(const std::string& name);
/// Bytes with ranges and, if they have a digest, an ETag.
Response contentResponse(Result<Content> content, std::string_view contentType, bool asDownload);
Response contentResponse(const Result<LateContent>& content, const std::string& contentType,
                         bool asDownload);

/// The same of what is made meanwhile; with ranges if its size is known.
Response madeResponse(Result<MadeContent> content, std::string_view contentType, bool asDownload);

}  // namespace planwright
