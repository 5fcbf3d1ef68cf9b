#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/eventually.h"
#include "support/http_client.h"
#include "support/http_server.h"

namespace planwright::http_load_test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Clock = std::chrono::steady_clock;

const std::string kHost = "Host: localhost\r\n";

/// 10,000 by default; PLANWRIGHT_HTTP_REQUESTS=100000 is the long run.
int requestCount() {
  const char* wanted = std::getenv("PLANWRIGHT_HTTP_REQUESTS");
  return wanted != nullptr ? std::atoi(wanted) : 10'000;
}

std::size_t openDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

double cpuSeconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Tally {
  std::atomic<int> asked{0};
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::atomic<int> failed{0};
};

/// Asks and hangs up without waiting, half of the time with a reset: descriptor numbers are reused
/// at once.
/// `waits`: only after the first bytes, in the middle of the answer.
void sendAndClose(int port, const std::string& path, bool waits, const std::atomic<bool>& stop) {
  for (unsigned i = 0; !stop; ++i) {
    try {
      RawClient client(port);
      client.send("GET " + path + " HTTP/1.1\r\n" + kHost + "\r\n");
      if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 4000));
      if (waits) client.waitFor("HTTP/1.1");
      if (i % 2 == 0) client.closeWithReset();
    } catch (const std::system_error&) {
    }
  }
}

/// Asks for something only it may get, and looks at what comes.
void askOwnToken(int port, int thread, int wanted, Tally& tally) {
  while (tally.asked++ < wanted) {
    const std::string token = std::to_string(thread) + "-" + std::to_string(tally.asked);
    try {
      RawClient client(port);
      client.send("GET /p/" + token + " HTTP/1.1\r\n" + kHost + "\r\n");
      const RawAnswer answer = client.read();
      if (answer.body == "id=[" + token + "]" && client.received().empty())
        ++tally.right;
      else if (answer.status != 0)
        ++tally.wrong;
      else
        ++tally.failed;
    } catch (const std::system_error&) {
      ++tally.failed;
    }
  }
}

void expectOnlyRightAnswers(const std::string& churnPath, bool waits, int wanted) {
  TestServer server;
  const std::size_t before = openDescriptors();
  Tally tally;
  std::atomic<bool> stop{false};
  {
    std::vector<std::jthread> churners;
    std::vector<std::jthread> askers;
    for (int i = 0; i < 4; ++i) {
      churners.emplace_back([&] { sendAndClose(server.port(), churnPath, waits, stop); });
      askers.emplace_back([&, i] { askOwnToken(server.port(), i, wanted, tally); });
    }
    askers.clear();
    stop = true;
  }
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.failed, 0);
  EXPECT_EQ(tally.right, wanted);
  EXPECT_TRUE(eventually([&] { return server.server().seats().count() == 0; }));
  EXPECT_TRUE(eventually([&] { return openDescriptors() <= before; })) << openDescriptors();
}

TEST(HttpLoad, NobodyGetsAnothersAnswerWhileClientsSendAndClose) {
  expectOnlyRightAnswers("/hello", false, requestCount());
}

TEST(HttpLoad, NobodyGetsAnothersAnswerWhileLargeAnswersAreAbandoned) {
  expectOnlyRightAnswers("/big/3000", true, requestCount() / 20);
}

TEST(HttpLoad, ASlowReaderHarmsNobody) {
  TestServer server([](Router&, ServerOptions& options) {
    options.threads = 1;
    options.hub.stall = 2s;
  });
  RawClient slow(server.port());
  slow.setReceiveBuffer(4096);
  slow.send("GET /big/30000 HTTP/1.1\r\n" + kHost + "\r\n");
  ASSERT_TRUE(eventually([&] { return server.hub().counts().connections == 1; }));
  const double cpuBefore = cpuSeconds();
  for (int i = 0; i < 50; ++i) {
    const auto begin = Clock::now();
    EXPECT_EQ(ask(server.port(), "GET /hello").status, 200);
    EXPECT_LT(Clock::now() - begin, 500ms);
  }
  EXPECT_TRUE(eventually([&] { return server.hub().counts().dropped == 1; }))
      << "who takes nothing is let go";
  EXPECT_LT(cpuSeconds() - cpuBefore, 1.5);
}

/// That many pieces of 256 KiB, made while they are sent; "fail" after the first.
Response madeOf(const Request& request) {
  const std::string word(request.param("pieces"));
  const int most = word == "fail" ? 1 : std::atoi(word.c_str());
  return Response::stream({[=](std::uint64_t, std::uint64_t) {
                            return [=, made = 0]() mutable -> std::optional<std::string> {
                              if (made++ < most) return std::string(256 * 1024, 'x');
                              if (word == "fail") throw std::runtime_error("its bytes are gone");
                              return std::nullopt;
                            };
                          }},
                          "application/octet-stream");
}

TEST(HttpLoad, SlowReadersOfAnswersThatAreMadeHoldUpNobody) {
  TestServer server([](Router& router, ServerOptions& options) {
    router.get("/made/{pieces}", madeOf);
    options.hub.makers = 1;
  });
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawClient>(server.port()));
    slow.back()->setReceiveBuffer(4096);
    slow.back()->send("GET /made/100000 HTTP/1.1\r\n" + kHost + "\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server.hub().counts().connections == slow.size(); }));
  for (auto& client : slow) EXPECT_TRUE(client->waitFor("xxxx"));
  RawClient quick(server.port());
  quick.send("GET /made/12 HTTP/1.0\r\n" + kHost + "\r\n");
  EXPECT_EQ(quick.read().body.size(), 12U * 256 * 1024);
  RawClient chunked(server.port());
  chunked.send("GET /made/2 HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_TRUE(chunked.read().body.ends_with("x\r\n0\r\n\r\n"));
  RawClient broken(server.port());
  broken.send("GET /made/fail HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_TRUE(broken.read().body.ends_with("x\r\n")) << "and no last chunk";
  slow.clear();
  EXPECT_TRUE(eventually([&] { return server.hub().counts().connections == 0; }));
}

/// A file that looks touched at its end, and then has the right bytes or not.
Response touchedFile(bool isRight, const std::shared_ptr<std::atomic<int>>& reads) {
  constexpr std::uint64_t kBytes = 5 << 20;
  const auto file = std::make_shared<const UniqueFd>(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(file->get(), kBytes), 0);
  return Response::file({.file = file,
                         .size = kBytes,
                         .isIntact =
                             [=](bool mayRead) {
                               if (mayRead) ++*reads;
                               return mayRead && isRight;
                             }},
                        "application/octet-stream");
}

TEST(HttpLoad, AFileThatIsTouchedWhileItIsSentIsReadAgain) {
  const auto reads = std::make_shared<std::atomic<int>>(0);
  TestServer server([&](Router& router, ServerOptions& options) {
    options.hub.makers = 1;
    router.get("/right", [=](const Request&) { return touchedFile(true, reads); });
    router.get("/wrong", [=](const Request&) { return touchedFile(false, reads); });
  });
  const RawAnswer right = ask(server.port(), "GET /right");
  EXPECT_TRUE(right.isComplete);
  EXPECT_EQ(right.body.size(), 5U << 20);
  EXPECT_GE(*reads, 1);
  const RawAnswer wrong = ask(server.port(), "GET /wrong");
  EXPECT_FALSE(wrong.isComplete) << "who gets fewer bytes than promised throws them away";
  EXPECT_TRUE(eventually([&] { return server.server().seats().count() == 0; }));
}

TEST(HttpLoad, AClientThatNeverReadsItsPipelinedAnswersIsBounded) {
  TestServer server([](Router&, ServerOptions& options) {
    options.threads = 1;
    options.hub.stall = 1s;
  });
  RawClient flood(server.port());
  flood.setReceiveBuffer(4096);
  std::atomic<bool> isCutOff{false};
  std::jthread sender([&] {
    while (flood.send("GET /big/100 HTTP/1.1\r\n" + kHost + "\r\n")) {
    }
    isCutOff = true;
  });
  EXPECT_TRUE(eventually([&] { return isCutOff && server.server().seats().count() == 0; }));
  EXPECT_EQ(ask(server.port(), "GET /hello").status, 200);
}

TEST(HttpLoad, SlowAndSilentClientsAreClosed) {
  TestServer server([](Router&, ServerOptions& options) {
    options.limits.requestTimeout = 700ms;
    options.limits.idleTimeout = 700ms;
  });
  RawClient silent(server.port());
  RawClient idle(server.port());
  idle.send("GET /hello HTTP/1.1\r\n" + kHost + "\r\n");
  EXPECT_EQ(idle.read().status, 200);
  RawClient dripping(server.port());
  const auto begin = Clock::now();
  const std::string request = "GET /hello HTTP/1.1\r\n" + kHost + "X: " + std::string(500, 'x');
  for (const char c : request) {  // a byte now and then does not extend the time
    if (!dripping.send(std::string_view(&c, 1)) || Clock::now() - begin > 4s) break;
    if (dripping.waitFor("HTTP/1.1 408", 20ms)) break;
  }
  EXPECT_NE(dripping.received().find("HTTP/1.1 408"), std::string::npos);
  EXPECT_LT(Clock::now() - begin, 3s);
  EXPECT_TRUE(silent.isClosedWithin(3s));
  EXPECT_TRUE(idle.isClosedWithin(3s));
}

TEST(HttpLoad, StopIsQuickWithOpenConnections) {
  TestServer server;
  RawClient idle(server.port());
  RawClient slow(server.port());
  slow.setReceiveBuffer(4096);
  slow.send("GET /big/30000 HTTP/1.1\r\n" + kHost + "\r\n");
  ASSERT_TRUE(eventually([&] { return server.hub().counts().connections == 1; }));
  const auto begin = Clock::now();
  server.server().stop();
  EXPECT_LT(Clock::now() - begin, 500ms);
  EXPECT_TRUE(idle.isClosedWithin(2s));
}

}  // namespace
}  // namespace planwright::http_load_test
