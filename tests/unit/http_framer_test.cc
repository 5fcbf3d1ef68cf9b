#include <gtest/gtest.h>

#include "http/request_framer.h"

namespace planwright::http_framer_test {
namespace {

using Event = RequestFramer::Event;

struct Outcome {
  std::vector<std::string> requests;  ///< "METHOD path body"
  int refusedWith = 0;                ///< status, 0 = not refused
};

/// Feeds the bytes in pieces of `pieceBytes` and takes all events.
Outcome frame(std::string_view bytes, std::size_t pieceBytes = 1 << 20, HttpLimits limits = {}) {
  RequestFramer framer(limits);
  Outcome outcome;
  std::string current;
  while (!bytes.empty()) {
    framer.feed(bytes.substr(0, pieceBytes));
    bytes.remove_prefix(std::min(pieceBytes, bytes.size()));
    for (Event event = framer.next(); event != Event::NeedBytes; event = framer.next()) {
      if (event == Event::Bad) {
        outcome.refusedWith = framer.error().status;
        return outcome;
      }
      if (event == Event::Head) {
        current = std::string(toText(framer.head().method)) + " " + framer.head().path + " ";
      } else if (event == Event::Body) {
        current += framer.body();
      } else {
        outcome.requests.push_back(std::exchange(current, ""));
      }
    }
  }
  return outcome;
}

int refusal(std::string_view bytes) {
  return frame(bytes).refusedWith;
}

int refusalOfFields(const std::string& fields) {
  return refusal("POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
}

constexpr std::string_view kPipelined =
    "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
    "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4;ext=1\r\nwiki\r\n5\r\npedia\r\n0\r\nTrailer: x\r\n\r\n"
    "\r\nDELETE /d HTTP/1.0\r\n\r\n";

TEST(RequestFramer, CutsPipelinedRequestsHoweverTheBytesArrive) {
  const std::vector<std::string> expected = {"GET /a ", "POST /b hello", "PUT /c wikipedia",
                                             "DELETE /d "};
  for (const std::size_t pieceBytes : {1, 2, 3, 7, 64, 4096}) {
    const Outcome outcome = frame(kPipelined, pieceBytes);
    EXPECT_EQ(outcome.requests, expected) << "pieces of " << pieceBytes;
    EXPECT_EQ(outcome.refusedWith, 0);
  }
}

TEST(RequestFramer, KeepsTheQueryAndTheFields) {
  RequestFramer framer(HttpLimits{});
  framer.feed("GET /a?b=%20 HTTP/1.1\r\nhost: x:1\r\nAccept:  text/plain \r\n\r\n");
  ASSERT_EQ(framer.next(), Event::Head);
  EXPECT_EQ(framer.head().target, "/a?b=%20");
  EXPECT_EQ(framer.head().rawQuery, "b=%20");
  EXPECT_EQ(framer.head().headers.find("ACCEPT"), "text/plain");
}

TEST(RequestFramer, RefusesABrokenRequestLine) {
  EXPECT_EQ(refusal("\x16\x03\x01\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET  HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusal("GET x HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusal("GET /a b HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusal("GET /a#b HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusal("G(T / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(refusal("GET / H\r\n"), 505);
  EXPECT_EQ(refusal("TRACE / HTTP/1.1\r\n"), 501);
  EXPECT_EQ(refusal("CONNECT x:1 HTTP/1.1\r\n"), 501);
}

TEST(RequestFramer, RefusesBareLineFeedsAtOnce) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: x\rY"), 400);
}

TEST(RequestFramer, RefusesBrokenFields) {
  EXPECT_EQ(refusalOfFields("nocolon\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Name : x\r\n"), 400);
  EXPECT_EQ(refusalOfFields("A: 1\r\n folded\r\n"), 400);
  EXPECT_EQ(refusalOfFields(std::string("A: 1\0002\r\n", 8)), 400);
  EXPECT_EQ(refusalOfFields("Host: again\r\n"), 400);
  for (const char* value : {"\xfc", "a\xff", "\xc0\xaf", "\xed\xa0\x80"})
    EXPECT_EQ(refusalOfFields("A: " + std::string(value) + "\r\n"), 400) << "no UTF-8";
  EXPECT_EQ(refusalOfFields("A: \xc3\xbc\r\n"), 0);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(refusalOfFields("Expect: magic\r\n"), 417);
}

TEST(RequestFramer, RefusesAmbiguousLengths) {
  EXPECT_EQ(refusalOfFields("Content-Length: 5abc\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length: -5\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length: +5\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length:\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Content-Length: 99999999999999999999\r\n"), 400);
  EXPECT_EQ(refusalOfFields("Transfer-Encoding: gzip\r\n"), 501);
  EXPECT_EQ(refusalOfFields("Transfer-Encoding: chunked, chunked\r\n"), 501);
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestFramer, RefusesBrokenChunks) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusalOfFields(chunked + "xyz\r\n"), 400);
  EXPECT_EQ(refusalOfFields(chunked + "\r\n"), 400);
  EXPECT_EQ(refusalOfFields(chunked + "2\r\nabc\r\n"), 400);
  EXPECT_EQ(refusalOfFields(chunked + "2\nab"), 400);
  EXPECT_EQ(refusalOfFields(chunked + "1;" + std::string(300, 'x')), 400);
  EXPECT_EQ(refusalOfFields(chunked + "fffffffffffffff\r\n"), 413);
}

TEST(RequestFramer, HoldsTheLimits) {
  EXPECT_EQ(refusal("GET " + std::string(100'000, '/') + " HTTP/1.1\r\n"), 414);
  EXPECT_EQ(refusal("GET /" + std::string(4096, 'a') + " HTTP/1.1\r\n"), 414);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a')), 431);
  std::string manyFields;
  for (int i = 0; i < 200; ++i) manyFields += "A: b\r\n";
  EXPECT_EQ(refusalOfFields(manyFields), 431);
  EXPECT_EQ(refusalOfFields("Content-Length: 8388609\r\n"), 413);
  EXPECT_EQ(refusalOfFields("Content-Length: 40000000000\r\n"), 413);
}

TEST(RequestFramer, TakesALargerBodyWhereTheRouteAllowsIt) {
  RequestFramer framer(HttpLimits{.bodyBytes = 3});
  framer.feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
  ASSERT_EQ(framer.next(), Event::Head);
  framer.limitBody(4);
  EXPECT_EQ(framer.next(), Event::Body);
  EXPECT_EQ(framer.body(), "abcd");
  EXPECT_EQ(framer.next(), Event::End);
  framer.feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
  ASSERT_EQ(framer.next(), Event::Head);
  EXPECT_EQ(framer.next(), Event::Bad) << "the limit is per request";
}

TEST(RequestFramer, ReadsConnectionAndExpect) {
  const auto headOf = [](const std::string& text) {
    RequestFramer framer(HttpLimits{});
    framer.feed(text);
    EXPECT_EQ(framer.next(), Event::Head);
    return framer.head();
  };
  EXPECT_TRUE(headOf("GET / HTTP/1.1\r\nHost: x\r\n\r\n").keepAlive);
  EXPECT_FALSE(headOf("GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n").keepAlive);
  EXPECT_FALSE(headOf("GET / HTTP/1.0\r\n\r\n").keepAlive);
  EXPECT_TRUE(headOf("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keepAlive);
  EXPECT_TRUE(headOf("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n").expectsContinue);
}

TEST(RequestFramer, TheAuthorityOfAnAbsoluteTargetIsTheHost) {
  RequestFramer framer(HttpLimits{});
  framer.feed("GET http://real:8470/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  ASSERT_EQ(framer.next(), Event::Head);
  EXPECT_EQ(framer.head().path, "/x");
  EXPECT_EQ(framer.head().rawQuery, "y");
  EXPECT_EQ(framer.head().headers.find("Host"), "real:8470");
}

TEST(RequestFramer, KnowsWhetherARequestHasBegun) {
  RequestFramer framer(HttpLimits{});
  EXPECT_FALSE(framer.isInside());
  framer.feed("G");
  EXPECT_TRUE(framer.isInside());
  framer.feed("ET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(framer.next(), Event::Head);
  EXPECT_TRUE(framer.isInside());
  EXPECT_EQ(framer.next(), Event::End);
  EXPECT_FALSE(framer.isInside());
}

}  // namespace
}  // namespace planwright::http_framer_test
