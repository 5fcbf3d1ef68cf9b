// Strangers who keep connections open do not keep others out.
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/http_client.h"
#include "support/http_server.h"

namespace planwright::http_seats_test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const std::string kHost = "Host: localhost\r\n";
constexpr int kSeats = 64;
constexpr int kStrangers = 3 * kSeats;

class HttpSeats : public testing::Test {
 protected:
  /// Many connections, of which each sends this and then holds on.
  void hold(const std::string& bytes) {
    for (int i = 0; i < kStrangers; ++i) {
      strangers.push_back(std::make_unique<RawClient>(server.port()));
      strangers.back()->setReceiveBuffer(4096);
      strangers.back()->send(bytes);
    }
  }
  /// While strangers still come in, one that came before them may be given up: it tries again.
  void awaitCalm() {
    int calm = 0;
    EXPECT_TRUE(eventually([&] {
      calm = ask(server.port(), "GET /hello").status == 200 ? calm + 1 : 0;
      return calm == 20;
    }));
  }
  void expectOthersGetThrough() {
    awaitCalm();
    RawClient used(server.port());
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(ask(server.port(), "GET /hello").status, 200);
      used.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
      ASSERT_EQ(used.read().status, 200) << "the one that is used is not the longest waiting";
    }
    EXPECT_EQ(
        ask(server.port(), "POST /upload", "Content-Length: 100000\r\n", std::string(100'000, 'u'))
            .body,
        "100000:uuuuu");
    RawClient download(server.port());
    download.send("GET /big/3000 HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(download.read().body.size(), 3000U * 1024);
    EXPECT_TRUE(eventually([&] { return server.server().seats().count() <= kSeats; }));
  }

  TestServer server{[](Router& router, ServerOptions& options) {
    options.limits.connections = kSeats;
    router.get("/events", [](const Request&) { return Response::events({}); });
  }};
  std::vector<std::unique_ptr<RawClient>> strangers;
};

TEST_F(HttpSeats, SilentConnectionsKeepNobodyOut) {
  hold("");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, IdleConnectionsKeepNobodyOut) {
  hold("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, UnfinishedHeadersKeepNobodyOut) {
  hold("GET /hello HTTP/1.1\r\n" + kHost + "X: y");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, UnfinishedBodiesKeepNobodyOut) {
  hold("POST /len HTTP/1.1\r\n" + kHost + "Content-Length: 100000\r\n\r\nxx");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, UnfinishedUploadsKeepNobodyOut) {
  hold("POST /upload HTTP/1.1\r\n" + kHost + "Content-Length: 100000\r\n\r\nxx");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, AnswersThatNobodyReadsKeepNobodyOut) {
  hold("GET /big/30000 HTTP/1.1\r\n" + kHost + "\r\n");
  expectOthersGetThrough();
}

TEST_F(HttpSeats, EventStreamsKeepNobodyOut) {
  hold("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
  expectOthersGetThrough();
  RawClient listener(server.port());
  listener.send("GET /events HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_TRUE(listener.waitFor("retry: 1000"));
  EXPECT_FALSE(listener.isClosedWithin(200ms));
}

TEST_F(HttpSeats, RefusedRequestsThatHoldOnKeepNobodyOut) {
  hold("NONSENSE\r\n\r\n");
  expectOthersGetThrough();
}

/// Searches of large logs, comparisons of large plans: more of them than threads that answer.
TEST(HttpBusyAnswers, WhatIsComputedForLongKeepsNobodyWaiting) {
  constexpr int kMany = 40;
  std::latch isOver(1);
  std::atomic<int> begun{0};
  TestServer server([&](Router& router, ServerOptions&) {
    router.get("/compute", [&](const Request&) {
      return Response::computed([&] {
        ++begun;
        isOver.wait();
        return Response::text("made", "text/plain");
      });
    });
    router.get("/late", [](const Request&) {
      return Response::late({[] { return Response::text("soon", "text/plain"); }});
    });
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kMany; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send("GET /compute HTTP/1.1\r\n" + kHost + "\r\n");
  }
  EXPECT_TRUE(eventually([&] { return begun > 0; }));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ask(server.port(), "GET /hello").status, 200);
    EXPECT_EQ(ask(server.port(), "GET /late").body, "soon");
  }
  EXPECT_LE(begun, 2) << "others need processors as well";
  isOver.count_down();
  for (auto& client : clients) EXPECT_EQ(client->read().body, "made");
}

TEST(HttpClocks, EmptyLinesAreNoRequest) {
  TestServer server([](Router&, ServerOptions& options) { options.limits.requestTimeout = 700ms; });
  RawClient client(server.port());
  EXPECT_TRUE(eventually([&] {
    client.send("\r\n");
    return client.isClosedWithin(20ms);
  }));
}

TEST(HttpClocks, AnUploadOfAFewBytesNowAndThenIsEnded) {
  TestServer server([](Router&, ServerOptions& options) { options.limits.requestTimeout = 700ms; });
  RawClient slow(server.port());
  slow.send("POST /upload HTTP/1.1\r\n" + kHost + "Content-Length: 100000\r\n\r\n");
  EXPECT_TRUE(eventually([&] {
    slow.send("x");
    return slow.waitFor("HTTP/1.1 408", 20ms);
  }));
}

}  // namespace
}  // namespace planwright::http_seats_test
