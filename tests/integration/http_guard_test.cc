#include <chrono>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_client.h"
#include "support/http_server.h"
#include "support/temp_folder.h"

namespace planwright::http_guard_test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;

constexpr const char* kHost = "Host: localhost\r\n";

class HttpGuard : public testing::Test {
 protected:
  RawAnswer say(std::string_view bytes) {
    RawClient client(server_.port());
    client.send(bytes);
    return client.read();
  }
  RawAnswer get(const std::string& path, const std::string& fields = {}) {
    return ask(server_.port(), "GET " + path, fields);
  }
  TestServer server_;
};

TEST_F(HttpGuard, AnswersAndStaysOpen) {
  RawClient client(server_.port());
  for (int i = 0; i < 3; ++i) {
    client.send(std::string("GET /hello HTTP/1.1\r\n") + kHost + "\r\n");
    const RawAnswer answer = client.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"hello":"world"})");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  }
}

TEST_F(HttpGuard, ClosesWhenAsked) {
  RawClient client(server_.port());
  client.send(std::string("GET /hello HTTP/1.1\r\nConnection: close\r\n") + kHost + "\r\n");
  EXPECT_EQ(client.read().header("Connection"), "close");
  EXPECT_TRUE(client.isClosedWithin(3s));
  RawClient old(server_.port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().status, 200);
  EXPECT_TRUE(old.isClosedWithin(3s));
}

TEST_F(HttpGuard, AnswersEveryPipelinedRequestInOrder) {
  RawClient client(server_.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /p/" + std::to_string(i) + " HTTP/1.1\r\n" + kHost + "\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.read().body, "id=[" + std::to_string(i) + "]");
}

TEST_F(HttpGuard, AnswersAHalfClosedClient) {
  RawClient client(server_.port());
  client.send(std::string("GET /hello HTTP/1.1\r\n") + kHost + "\r\n");
  client.closeSending();
  EXPECT_EQ(client.read().status, 200);
  RawClient large(server_.port());
  large.send(std::string("GET /big/20000 HTTP/1.1\r\n") + kHost + "\r\n");
  large.closeSending();
  const RawAnswer answer = large.read();
  EXPECT_TRUE(answer.isComplete);
  EXPECT_EQ(answer.body.size(), 20000U * 1024);
}

TEST_F(HttpGuard, RefusesWhatIsMalformed) {
  EXPECT_EQ(say("\x16\x03\x01\r\n\r\n").status, 400);
  EXPECT_EQ(say("GET /hello HTTP/1.1\nHost: localhost\n\n").status, 400);
  EXPECT_EQ(say("GET /hello HTTP/1.1\r\nnocolon\r\n\r\n").status, 400);
  EXPECT_EQ(say("GET /hello HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(say("GET /hello HTTP/3.0\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(say("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 501);
  EXPECT_EQ(get("/p/%zz").status, 400);
  EXPECT_EQ(get("/hello?a=%f").status, 400);
  EXPECT_EQ(get("/hello", "Accept: zz;;q\r\nCookie: novalue\r\nDate: never\r\n").status, 200);
}

TEST_F(HttpGuard, RefusesWhatIsTooLarge) {
  const RawAnswer slashes = say("GET " + std::string(100'000, '/') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(slashes.status, 414);
  EXPECT_EQ(get(std::string(4000, '/')).status, 404);
  EXPECT_EQ(get("/hello", "X: " + std::string(100'000, 'a') + "\r\n").status, 431);
  const RawAnswer body = ask(server_.port(), "POST /len", "Content-Length: 40000000000\r\n", "hi");
  EXPECT_EQ(body.status, 413);
  EXPECT_EQ(body.header("Connection"), "close");
  EXPECT_THAT(body.body, HasSubstr("\"type\":\"/problems/content-too-large\""));
  EXPECT_THAT(body.body, HasSubstr("\"request_id\":\""));
}

TEST_F(HttpGuard, TheRestOfARefusedBodyIsNoRequest) {
  RawClient client(server_.port());
  client.send(std::string("POST /len HTTP/1.1\r\nContent-Length: 9000000\r\n") + kHost + "\r\n" +
              "GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  const std::string all = client.readAll();
  EXPECT_EQ(all.find("HTTP/1.1 413"), 0U);
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos);
}

TEST_F(HttpGuard, TakesBodiesOfKnownAndUnknownLength) {
  EXPECT_EQ(ask(server_.port(), "POST /len", "Content-Length: 5\r\n", "hello").body, "len=5");
  const std::string chunks = "5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n";
  EXPECT_EQ(ask(server_.port(), "POST /len", "Transfer-Encoding: chunked\r\n", chunks).body,
            "len=8");
  const std::string eightMiB(8 << 20, 'b');
  EXPECT_EQ(ask(server_.port(), "POST /len", "Content-Length: 8388608\r\n", eightMiB).body,
            "len=8388608");
}

TEST_F(HttpGuard, InvitesABodyThatWaitsForIt) {
  RawClient client(server_.port());
  client.send(std::string("POST /len HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n") +
              kHost + "\r\n");
  ASSERT_TRUE(client.waitFor("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("hi");
  ASSERT_TRUE(client.waitFor("len=2"));
}

TEST_F(HttpGuard, ServesHeadOptionsAndNamesTheAllowedMethods) {
  const RawAnswer head = ask(server_.port(), "HEAD /hello");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "17");
  const RawAnswer options = ask(server_.port(), "OPTIONS /hello");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
  const RawAnswer wrong = ask(server_.port(), "DELETE /hello");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(get("/nothing").status, 404);
}

TEST_F(HttpGuard, SurvivesWhateverAHandlerThrows) {
  EXPECT_EQ(get("/throw").status, 500);
  const RawAnswer failed = get("/fail");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  const RawAnswer away = get("/away");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.header("Retry-After"), "1");
  EXPECT_THAT(away.body, HasSubstr("Postgres is away."));
  EXPECT_EQ(get("/hello").status, 200);
}

TEST_F(HttpGuard, EchoesTheRequestId) {
  EXPECT_EQ(get("/hello", "X-Request-Id: abc-1\r\n").header("X-Request-Id"), "abc-1");
  EXPECT_EQ(get("/hello", "X-Request-Id: a b\r\n").header("X-Request-Id").size(), 16U);
}

TEST_F(HttpGuard, AnswersUnderItsOwnNameOnly) {
  EXPECT_EQ(say("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 421);
  EXPECT_EQ(say("GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 421);
  EXPECT_EQ(say("GET /hello HTTP/1.1\r\nHost: [::1]:99\r\n\r\n").status, 200);
}

TEST_F(HttpGuard, RefusesWritesOfOtherSitesBeforeTheBody) {
  RawClient client(server_.port());
  client.send(std::string("POST /len HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\n"
                          "Content-Length: 1000\r\n") +
              kHost + "\r\n");
  const RawAnswer answer = client.read();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.header("Connection"), "close");
}

TEST_F(HttpGuard, SpoolsUploads) {
  const std::string twentyMiB = "first" + std::string(20 << 20, 'u');
  const RawAnswer answer =
      ask(server_.port(), "POST /upload",
          "Content-Length: " + std::to_string(twentyMiB.size()) + "\r\n", twentyMiB);
  EXPECT_EQ(answer.body, std::to_string(twentyMiB.size()) + ":first");
  EXPECT_EQ(ask(server_.port(), "POST /upload", "Content-Length: 0\r\n").body, "0:");
  EXPECT_EQ(ask(server_.port(), "POST /upload", "Content-Length: 536870913\r\n").status, 413);
}

TEST(HttpServer, ReadOnlyModeRefusesWrites) {
  TestServer server([](Router&, ServerOptions& options) { options.readOnly = true; });
  EXPECT_EQ(ask(server.port(), "POST /len", "Content-Length: 0\r\n").status, 403);
  EXPECT_EQ(ask(server.port(), "GET /hello").status, 200);
}

TEST(HttpServer, TheGateDecidesBeforeTheHandler) {
  TestServer server([](Router&, ServerOptions& options) {
    options.gate = [](const Request& request, const Route&) -> std::optional<Response> {
      if (request.headers.getOr("Authorization") == "Bearer good") return std::nullopt;
      return problem(401, "unauthorized", "A token is needed.");
    };
  });
  EXPECT_EQ(ask(server.port(), "GET /hello").status, 401);
  EXPECT_EQ(ask(server.port(), "GET /hello", "Authorization: Bearer good\r\n").status, 200);
}

TEST(HttpServer, ReportsEachRequest) {
  std::atomic<int> found{0};
  TestServer server([&](Router&, ServerOptions& options) {
    options.onRequest = [&](const RequestRecord& record) {
      if (record.route == "/p/{token}" && record.status == 200) ++found;
    };
  });
  ask(server.port(), "GET /p/1");
  EXPECT_EQ(found, 1);
}

TEST(HttpServer, ServesPartsOfFiles) {
  TempFolder folder;
  const auto path = folder.path() / "blob";
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += std::to_string(i) + ",";
  replaceFile(path, content);
  TestServer server([&](Router& router, ServerOptions&) {
    router.get("/file", [&](const Request&) {
      auto fd = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      return Response::file({fd, 0, content.size()}, "application/octet-stream").etag("sha256:x");
    });
  });
  EXPECT_EQ(ask(server.port(), "GET /file").body, content);
  const RawAnswer part = ask(server.port(), "GET /file", "Range: bytes=1000-1999\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, content.substr(1000, 1000));
  EXPECT_EQ(ask(server.port(), "GET /file", "If-None-Match: \"sha256:x\"\r\n").status, 304);
  EXPECT_EQ(ask(server.port(), "GET /file", "Range: bytes=99999999-\r\n").status, 416);
  EXPECT_EQ(ask(server.port(), "HEAD /file").header("Content-Length"),
            std::to_string(content.size()));
}

TEST(HttpServer, ListensOnIpv6AndSaysWhyItCannot) {
  Router router;
  const auto on = [](const std::string& address) {
    ServerOptions options;
    options.listen.address = address;
    return options;
  };
  Server server(router, on("[::1]:0"));
  ASSERT_TRUE(server.listen());
  EXPECT_EQ(server.url(), "http://[::1]:" + std::to_string(server.port()));
  Server second(router, on("[::1]:" + std::to_string(server.port())));
  EXPECT_THAT(second.listen().error().message, HasSubstr("Address already in use"));
  Server wrong(router, on("8470"));
  EXPECT_EQ(wrong.listen().error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace planwright::http_guard_test
