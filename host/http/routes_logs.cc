#include <charconv>
#include <chrono>
#include <memory>

#include "base/clock.h"
#include "http/api.h"
#include "http/log_follower.h"
#include "http/route_support.h"
#include "logs/log_reader.h"

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
  const auto times = request.query.flag("times");
  if (!times) return problem(times.error());
  LogReader log(place->path);
  const LogLines read = log.lines(*from, static_cast<int>(*limit));
  JsonWriter json;
  json.object()
      .member("first_line", read.firstLine)
      .member("total_lines", read.totalLines)
      .member("complete", place->isComplete)
      .member("truncated", read.isTruncated)
      .member("damaged", log.isDamaged())
      .member("cut_bytes", place->cutBytes(log.sizeBytes()))
      .key("lines")
      .array();
  for (const auto& line : read.lines) json.value(line);
  json.end();
  if (times->value_or(false)) {
    json.key("times").array();
    for (const auto millis : read.unixMillis)
      json.value(toRfc3339(std::chrono::milliseconds(millis)));
    json.end();
  }
  return Response::json(json.end().take());
}

Response hitsIn(const LogPlace& place, const std::string& text, bool isRegex, int limit) {
  LogReader log(place.path);
  const auto found = log.search(text, isRegex, limit);
  if (!found) return problem(found.error());
  JsonWriter json;
  json.object().key("lines").array();
  for (const auto& hit : found->hits)
    json.object().member("line", hit.line).member("text", hit.text).end();
  return Response::json(json.end()
                            .member("total", found->total)
                            .member("complete", found->isComplete)
                            .member("damaged", log.isDamaged())
                            .member("cut_bytes", place.cutBytes(log.sizeBytes()))
                            .end()
                            .take());
}

/// A large log takes a processor for seconds, and so do some expressions.
Response searchLog(Control& control, const Request& request) {
  constexpr std::uint64_t kAtOnceBytes = std::uint64_t{1} << 20;
  auto place = placeOf(control, request);
  if (!place) return problem(place.error());
  const std::string text = request.query.textOr("q");
  if (text.empty())
    return problem(Error{ErrorKind::Invalid, "Name what to look for: ?q=TEXT.", {}, "q"});
  const auto regex = request.query.flag("regex");
  if (!regex) return problem(regex.error());
  const auto limit = numberParameter(request, "limit", 200, 1, 2000);
  if (!limit) return problem(limit.error());
  const bool isRegex = regex->value_or(false);
  const bool isAtOnce = !isRegex && LogReader(place->path).sizeBytes() <= kAtOnceBytes;
  auto answer = [place = std::move(*place), text, isRegex, limit = static_cast<int>(*limit)] {
    return hitsIn(place, text, isRegex, limit);
  };
  return isAtOnce ? answer() : Response::computed(std::move(answer));
}

Response rawLog(Control& control, const Request& request) {
  const auto id = request.id();
  if (!id) return problem(id.error());
  const auto attempt = attemptParameter(request);
  if (!attempt) return problem(attempt.error());
  const std::string ansi = request.query.textOr("ansi", "keep");
  if (ansi != "keep" && ansi != "strip")
    return problem(Error{ErrorKind::Invalid, "It is \"keep\" or \"strip\".", {}, "ansi"});
  return madeResponse(control.contents.logBytes(*id, *attempt, ansi == "strip"),
                      "text/plain; charset=utf-8", false);
}

Response streamLog(Control& control, const Request& request) {
  const auto place = placeOf(control, request);
  if (!place) return problem(place.error());
  const auto attempt = attemptParameter(request);
  const auto line = numberParameter(request, "from", 1, 1, INT64_MAX);
  if (!line) return problem(line.error());
  const auto offset = numberParameter(request, "offset", 0, 0, INT64_MAX);
  if (!offset) return problem(offset.error());
  // A browser that reconnects sends the header; its URL still has the old place.
  std::uint64_t begin = static_cast<std::uint64_t>(*offset);
  if (*line > 1 && place->attempt != 0) begin = LogReader(place->path).offsetOf(*line);
  if (const auto seen = request.headers.find("Last-Event-ID")) {
    const auto [end, error] = std::from_chars(seen->data(), seen->data() + seen->size(), begin);
    if (error != std::errc() || end != seen->data() + seen->size())
      return problem(Error{ErrorKind::Invalid, "It is no place in a log.", {}, "Last-Event-ID"});
  }
  return Response::events(followLog(control, *request.id(), *attempt, *place, begin));
}

}  // namespace

void addLogRoutes(Router& router, Control& control) {
  const std::string log = "/api/jobs/{id}/log";
  router.get(log,
             withQuery({"from", "limit", "attempt", "times"},
                       [&control](const Request& request) { return logLines(control, request); }));
  router.get(log + "/search",
             withQuery({"q", "regex", "limit", "attempt"},
                       [&control](const Request& request) { return searchLog(control, request); }));
  router.get(log + "/raw", withQuery({"attempt", "ansi"}, [&control](const Request& request) {
               return rawLog(control, request);
             }));
  router.get(log + "/stream",
             withQuery({"from", "offset", "attempt"},
                       [&control](const Request& request) { return streamLog(control, request); }));
}

}  // namespace planwright
