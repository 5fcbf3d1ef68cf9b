#include <gtest/gtest.h>
#include <zlib.h>

#include "base/json.h"
#include "http/assets.h"
#include "http/compress.h"
#include "http/guard.h"
#include "http/problem.h"
#include "http/range.h"
#include "http/response_writer.h"

namespace planwright::http_response_test {
namespace {

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

Request with(std::string_view name, std::string_view value, Method method = Method::Get) {
  Request request;
  request.method = method;
  request.peer = "127.0.0.1";
  if (!name.empty()) request.headers.add(std::string(name), std::string(value));
  return request;
}

std::string bodyOf(const WireResponse& wire) {
  EXPECT_TRUE(wire.head.ends_with("\r\n\r\n"));
  return wire.body;
}

bool hasLine(const WireResponse& wire, const std::string& line) {
  return wire.head.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST(Problem, TheKindDecidesTheStatus) {
  EXPECT_EQ(httpStatus(invalid("x")), 400);
  EXPECT_EQ(httpStatus(invalid("x", "limit")), 400);
  EXPECT_EQ(httpStatus(invalid("x", "/auto_plan")), 422);
  EXPECT_EQ(httpStatus(notFound("x")), 404);
  EXPECT_EQ(httpStatus(conflict("x", "c")), 409);
  EXPECT_EQ(httpStatus({ErrorKind::Gone, "", "", ""}), 410);
  EXPECT_EQ(httpStatus({ErrorKind::Stale, "", "", ""}), 412);
  EXPECT_EQ(httpStatus({ErrorKind::Forbidden, "", "", ""}), 403);
  EXPECT_EQ(httpStatus({ErrorKind::TooLarge, "", "", ""}), 413);
  EXPECT_EQ(httpStatus({ErrorKind::Unavailable, "", "", ""}), 503);
  EXPECT_EQ(httpStatus({ErrorKind::Failed, "", "", ""}), 500);
}

TEST(Problem, SaysEverythingRfc9457Asks) {
  Problem made = toProblem(conflict("Plan 1180 is building.", "already-building"));
  made.extensions.emplace_back("current_etag", "\"7\"");
  Response response = problem(made);
  completeProblem(response, "/api/plans/1180", "r-1");
  EXPECT_EQ(response.headers.getOr("Content-Type"), "application/problem+json");
  EXPECT_EQ(std::get<std::string>(response.body),
            R"({"type":"/problems/already-building","title":"Already building","status":409,)"
            R"("detail":"Plan 1180 is building.","current_etag":"7",)"
            R"("instance":"/api/plans/1180","request_id":"r-1"})");
}

TEST(Problem, FieldsArePointedAt) {
  const Response response = problem(invalid("must be true or false", "/auto_plan"));
  EXPECT_NE(std::get<std::string>(response.body)
                .find(R"("errors":[{"pointer":"/auto_plan","detail":"must be true or false"}])"),
            std::string::npos);
}

TEST(Problem, UnavailableSaysWhenToRetry) {
  EXPECT_EQ(problem(503, "unavailable", "x").headers.getOr("Retry-After"), "1");
}

TEST(Range, TakesOneRange) {
  using Kind = RangeAnswer::Kind;
  const auto part = [](std::string_view header) {
    const RangeAnswer answer = parseRange(header, 100);
    EXPECT_EQ(answer.kind, Kind::Part) << header;
    return answer.range;
  };
  EXPECT_EQ(part("bytes=0-9"), (ByteRange{0, 10}));
  EXPECT_EQ(part("bytes=90-"), (ByteRange{90, 10}));
  EXPECT_EQ(part("bytes=-5"), (ByteRange{95, 5}));
  EXPECT_EQ(part("bytes=-500"), (ByteRange{0, 100}));
  EXPECT_EQ(part("bytes=50-5000"), (ByteRange{50, 50}));
  EXPECT_EQ(parseRange("bytes=100-", 100).kind, Kind::Unsatisfiable);
  EXPECT_EQ(parseRange("bytes=-0", 100).kind, Kind::Unsatisfiable);
  EXPECT_EQ(parseRange("bytes=0-", 0).kind, Kind::Unsatisfiable);
  for (const char* ignored : {"", "bytes=", "bytes=-", "bytes=9-1", "bytes=0-1,3-4", "lines=1-2",
                              "bytes=a-b", "bytes=1-99999999999999999999"}) {
    EXPECT_EQ(parseRange(ignored, 100).kind, Kind::Whole) << ignored;
  }
}

TEST(Range, IfRangeNeedsTheSameStrongTag) {
  Request request = with("Range", "bytes=0-1");
  request.headers.add("If-Range", "\"a\"");
  EXPECT_EQ(rangeOf(request.headers, "\"a\"", 9).kind, RangeAnswer::Part);
  EXPECT_EQ(rangeOf(request.headers, "\"b\"", 9).kind, RangeAnswer::Whole);
  EXPECT_EQ(rangeOf(request.headers, "", 9).kind, RangeAnswer::Whole);
}

TEST(Range, EntityTagsCompareWeakly) {
  EXPECT_TRUE(matchesEtag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(matchesEtag("*", "\"b\""));
  EXPECT_FALSE(matchesEtag("\"a\"", "\"b\""));
  EXPECT_FALSE(matchesEtag("*", ""));
}

TEST(ResponseWriter, WritesAPlainAnswer) {
  const WireResponse wire = toWire(with("", ""), Response::json("{}"));
  EXPECT_TRUE(wire.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(hasLine(wire, "Content-Length: 2"));
  EXPECT_EQ(bodyOf(wire), "{}");
  EXPECT_TRUE(wire.keepAlive);
}

TEST(ResponseWriter, HeadHasTheLengthButNoBody) {
  const WireResponse wire = toWire(with("", "", Method::Head), Response::json("{}"));
  EXPECT_TRUE(hasLine(wire, "Content-Length: 2"));
  EXPECT_EQ(bodyOf(wire), "");
}

TEST(ResponseWriter, AHeaderValueCannotBeginALine) {
  const WireResponse wire =
      toWire(with("", ""), Response::json("{}").with("Location", "/a\r\nSet-Cookie: x"));
  EXPECT_TRUE(hasLine(wire, "Location: /a  Set-Cookie: x"));
}

TEST(ResponseWriter, CompressesLongTextForThoseWhoTakeIt) {
  const std::string text(5000, 'x');
  const WireResponse packed = toWire(with("Accept-Encoding", "br, gzip"), Response::json(text));
  EXPECT_TRUE(hasLine(packed, "Content-Encoding: gzip"));
  EXPECT_TRUE(hasLine(packed, "Vary: Accept-Encoding"));
  EXPECT_EQ(gunzip(bodyOf(packed)), text);
  for (const char* refused : {"", "br", "gzip;q=0", "gzip; q=0.0"}) {
    const WireResponse plain = toWire(with("Accept-Encoding", refused), Response::json(text));
    EXPECT_EQ(bodyOf(plain), text) << refused;
  }
  const Response image = Response::text(text, "image/png");
  EXPECT_EQ(bodyOf(toWire(with("Accept-Encoding", "gzip"), image)), text);
  const Response tagged = Response::json(text).etag("7");
  EXPECT_EQ(bodyOf(toWire(with("Accept-Encoding", "gzip"), tagged)), text);
}

TEST(ResponseWriter, AnswersConditionsAndRanges) {
  const auto response = [] {
    Response made = Response::text("0123456789", "text/plain");
    made.acceptsRanges = true;
    return std::move(made).etag("v1");
  };
  const WireResponse unchanged = toWire(with("If-None-Match", "\"v1\""), response());
  EXPECT_TRUE(unchanged.head.starts_with("HTTP/1.1 304 "));
  EXPECT_EQ(bodyOf(unchanged), "");
  const WireResponse part = toWire(with("Range", "bytes=2-4"), response());
  EXPECT_TRUE(part.head.starts_with("HTTP/1.1 206 "));
  EXPECT_TRUE(hasLine(part, "Content-Range: bytes 2-4/10"));
  EXPECT_EQ(bodyOf(part), "234");
  const WireResponse beyond = toWire(with("Range", "bytes=10-"), response());
  EXPECT_TRUE(beyond.head.starts_with("HTTP/1.1 416 "));
  EXPECT_TRUE(hasLine(beyond, "Content-Range: bytes */10"));
}

TEST(ResponseWriter, LongAnswersAnnounceTheClose) {
  const WireResponse large =
      toWire(with("", ""), Response::text(std::string(kLargeBodyBytes + 1, 'x'), "image/png"));
  EXPECT_FALSE(large.keepAlive);
  EXPECT_TRUE(hasLine(large, "Connection: close"));
  const WireResponse stream = toWire(with("", ""), Response::events({}));
  EXPECT_TRUE(stream.events);
  EXPECT_FALSE(hasLine(stream, "Content-Length: 0"));
  EXPECT_EQ(bodyOf(stream), "retry: 1000\n\n");
}

TEST(Guard, AnswersUnderItsOwnNamesOnly) {
  const auto isAllowed = [](const char* peer, const char* host,
                            const std::vector<std::string>& allowed) {
    Request request = with("Host", host);
    request.peer = peer;
    return isAllowedHost(request, allowed);
  };
  for (const char* own : {"localhost", "LOCALHOST:8470", "127.0.0.1:1", "127.1.2.3", "[::1]:80"}) {
    for (const char* here : {"127.0.0.1", "::1", "uid 1000"})
      EXPECT_TRUE(isAllowed(here, own, {})) << own << " from " << here;
    EXPECT_FALSE(isAllowed("192.0.2.7", own, {})) << own << " is another machine there";
    EXPECT_TRUE(isAllowed("192.0.2.7", own, {"*"}));
  }
  EXPECT_TRUE(isAllowed("172.17.0.1", "localhost:8470", {"localhost"}));
  for (const char* other :
       {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil", "[::2]", "127.evil.0.1"}) {
    EXPECT_FALSE(isAllowed("127.0.0.1", other, {})) << other;
  }
  EXPECT_TRUE(isAllowed("192.0.2.7", "Build.example:8470", {"build.example"}));
  EXPECT_TRUE(isAllowed("192.0.2.7", "any.example", {"*"}));
}

TEST(Guard, ARequestWithoutANameComesFromThisMachineOnly) {
  Request old;  // HTTP/1.0 needs no Host
  for (const char* here : {"127.0.0.1", "::1", "uid 0"}) {
    old.peer = here;
    EXPECT_FALSE(refusalFor(old, {}, {}, false)) << here;
  }
  for (const char* outside : {"192.0.2.7", "2001:db8::7", "1.127.0.1", ""}) {
    old.peer = outside;
    EXPECT_EQ(refusalFor(old, {}, {"build.example"}, false)->status, 421) << outside;
    EXPECT_FALSE(refusalFor(old, {}, {"*"}, false)) << outside;
  }
}

TEST(Guard, RefusesWritesFromOtherSites) {
  EXPECT_TRUE(isCrossSite(with("Sec-Fetch-Site", "cross-site").headers));
  EXPECT_TRUE(isCrossSite(with("Sec-Fetch-Site", "same-site").headers));
  EXPECT_FALSE(isCrossSite(with("Sec-Fetch-Site", "same-origin").headers));
  EXPECT_FALSE(isCrossSite(with("Sec-Fetch-Site", "none").headers));
  EXPECT_FALSE(isCrossSite(with("", "").headers));
  Request request = with("Origin", "http://localhost:1");
  request.headers.add("Host", "localhost:1");
  EXPECT_FALSE(isCrossSite(request.headers));
  EXPECT_TRUE(isCrossSite(with("Origin", "null").headers));

  const Request write = with("Sec-Fetch-Site", "cross-site", Method::Post);
  EXPECT_EQ(refusalFor(write, {}, {}, false)->status, 403);
  const Request read = with("Sec-Fetch-Site", "cross-site", Method::Get);
  EXPECT_FALSE(refusalFor(read, {}, {}, true));
  const Request plain = with("Host", "localhost", Method::Post);
  EXPECT_EQ(refusalFor(plain, {}, {}, true)->status, 403);
  EXPECT_FALSE(refusalFor(plain, {.upload = false, .readOnlyOk = true}, {}, true));
}

TEST(Assets, ServesWithTypeTagAndCachePolicy) {
  const std::string script(3000, 'j');
  const std::map<std::string_view, std::string_view> files = {
      {"ui/dist/index.html", "<!doctype html>"},
      {"ui/dist/assets/app-1a2b3c4d.js", script},
      {"other/x", "no"}};
  const Assets assets(files, "ui/dist/");
  const Response page = assets.serve(with("Accept-Encoding", "gzip"), "");
  EXPECT_EQ(std::get<std::string>(page.body), "<!doctype html>");
  EXPECT_EQ(page.headers.getOr("Cache-Control"), "no-cache");
  EXPECT_EQ(page.headers.getOr("Content-Security-Policy"), pageSecurityPolicy());

  const Response zipped = assets.serve(with("Accept-Encoding", "gzip"), "assets/app-1a2b3c4d.js");
  EXPECT_EQ(gunzip(std::get<std::string>(zipped.body)), script);
  EXPECT_EQ(zipped.headers.getOr("Cache-Control"), "public, max-age=31536000, immutable");
  const Response plain = assets.serve(with("", ""), "assets/app-1a2b3c4d.js");
  EXPECT_EQ(std::get<std::string>(plain.body), script);
  EXPECT_NE(plain.headers.find("ETag"), zipped.headers.find("ETag"));
  EXPECT_EQ(assets.serve(with("", ""), "x").status, 404);
}

TEST(Compress, RoundTrips) {
  EXPECT_EQ(gunzip(gzip("")), "");
  EXPECT_EQ(gunzip(gzip(std::string(100'000, 'a'))), std::string(100'000, 'a'));
}

TEST(PreferredType, IsTheOneWithTheLargestWeight) {
  const std::vector<std::string_view> offered = {"text/html", "a/x+html", "a/x+json"};
  const auto chosen = [&](std::string_view accept) { return preferredType(accept, offered); };
  EXPECT_EQ(chosen("a/x+json, a/x+html; q=0.1, text/html; q=0.01"), 2U) << "pip";
  EXPECT_EQ(chosen("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"), 0U) << "a browser";
  EXPECT_EQ(chosen("text/html;q=0.2, a/x+html;q=0.25"), 1U);
  EXPECT_EQ(chosen("A/X+JSON"), 2U);
  EXPECT_EQ(chosen("a/*;q=0.5, a/x+html;q=0"), 2U) << "what is named best counts";
  for (const auto* accept : {"", "*/*", "image/png", "text/html;q=0", ";;,,q="})
    EXPECT_EQ(chosen(accept), 0U) << accept;
}

}  // namespace
}  // namespace planwright::http_response_test
