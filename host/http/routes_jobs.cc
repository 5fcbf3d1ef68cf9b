#include "control/log_file.h"
#include "http/api.h"
#include "http/route_support.h"

namespace planwright {

namespace {

constexpr long long kMostAttempts = 1'000'000;

/// `attempt`: a number from 1, or absent for the latest.
Result<std::optional<std::int64_t>> attemptParameter(const Request& request) {
  const auto number = request.query.number("attempt", 1, kMostAttempts);
  if (!number) return number.error();
  return *number ? std::optional<std::int64_t>(**number) : std::nullopt;
}

Result<LogPlace> placeOf(Control& control, const Request& request) {
  const auto id = request.id();
  if (!id) return id.error();
  const auto attempt = attemptParameter(request);
  if (!attempt) return attempt.error();
  return control.contents.log(*id, *attempt);
}

Response logLines(Control& control, const Request& request) {
  const auto place = placeOf(control, request);
  if (!place) return problem(place.error());
  const auto from = numberParameter(request, "from", 1, 1, INT64_MAX);
  if (!from) return problem(from.error());
  const auto limit = numberParameter(request, "limit", 500, 1, 2000);
  if (!limit) return problem(limit.error());
  const LogLines read = LogFile(place->path).read(*from, static_cast<int>(*limit));
  JsonWriter json;
  json.object()
      .member("first_line", read.firstLine)
      .member("total_lines", read.totalLines)
      .member("complete", place->isComplete)
      .member("truncated", read.isTruncated)
      .key("lines")
      .array();
  for (const auto& line : read.lines) json.value(line);
  return Response::json(json.end().end().take());
}

Response searchLog(Control& control, const Request& request) {
  const auto place = placeOf(control, request);
  if (!place) return problem(place.error());
  const std::string text = request.query.textOr("q");
  if (text.empty())
    return problem(Error{ErrorKind::Invalid, "Name what to look for: ?q=TEXT.", {}, "q"});
  const auto regex = request.query.flag("regex");
  if (!regex) return problem(regex.error());
  const auto limit = numberParameter(request, "limit", 200, 1, 2000);
  if (!limit) return problem(limit.error());
  const auto found =
      LogFile(place->path).search(text, regex->value_or(false), static_cast<int>(*limit));
  if (!found) return problem(found.error());
  JsonWriter json;
  json.object().key("lines").array();
  for (const auto& hit : found->hits)
    json.object().member("line", hit.line).member("text", hit.text).end();
  return Response::json(
      json.end().member("total", found->total).member("complete", found->isComplete).end().take());
}

Response rawLog(Control& control, const Request& request) {
  const auto id = request.id();
  if (!id) return problem(id.error());
  const auto attempt = attemptParameter(request);
  if (!attempt) return problem(attempt.error());
  const std::string ansi = request.query.textOr("ansi", "keep");
  if (ansi != "keep" && ansi != "strip")
    return problem(Error{ErrorKind::Invalid, "It is \"keep\" or \"strip\".", {}, "ansi"});
  return contentResponse(control.contents.logBytes(*id, *attempt, ansi == "strip"),
                         "text/plain; charset=utf-8", false);
}

}  // namespace

void addJobRoutes(Router& router, Control& control) {
  const std::string one = "/api/jobs/{id}";
  router.get("/api/jobs", listHandler(control, Listed::Jobs));
  router.get(one, itemHandler(control, Listed::Jobs));
  router.get(one + "/explain", explainHandler(control, Listed::Jobs));
  router.get(one + "/cache", withQuery({}, [&control](const Request& request) {
               const auto id = request.id();
               return id ? jsonOr(control.cache.ofJob(*id)) : problem(id.error());
             }));
  router.post(one + "/cancel", cancelHandler(control, [&control](std::int64_t id) {
                return control.plans.cancelJob(id, kApiActor);
              }));
  router.get(one + "/log",
             withQuery({"from", "limit", "attempt"},
                       [&control](const Request& request) { return logLines(control, request); }));
  router.get(one + "/log/search",
             withQuery({"q", "regex", "limit", "attempt"},
                       [&control](const Request& request) { return searchLog(control, request); }));
  router.get(one + "/log/raw", withQuery({"attempt", "ansi"}, [&control](const Request& request) {
               return rawLog(control, request);
             }));
}

}  // namespace planwright
