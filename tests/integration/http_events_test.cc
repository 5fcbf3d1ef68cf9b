#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/http_client.h"
#include "support/http_server.h"

namespace planwright::http_events_test {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Clock = std::chrono::steady_clock;

EventMessage event(std::uint64_t id, std::size_t padding = 0) {
  EventMessage message;
  message.order = {1, 0, id};
  message.id = "1-0-" + std::to_string(id);
  message.type = id % 2 == 0 ? "even" : "odd";
  message.data =
      R"({"n":)" + std::to_string(id) + R"(,"pad":")" + std::string(padding, 'p') + "\"}";
  return message;
}

/// The table of events: stored first, published afterwards, as the real one.
class Store {
 public:
  void add(Hub& hub, std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event(id));
    }
    hub.publish(event(id));
  }
  std::vector<EventMessage> page(const EventOrder& after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    const auto first = std::upper_bound(
        events_.begin(), events_.end(), after,
        [](const EventOrder& order, const EventMessage& stored) { return order < stored.order; });
    const auto left = static_cast<std::size_t>(events_.end() - first);
    return {first, first + static_cast<std::ptrdiff_t>(std::min(limit, left))};
  }

 private:
  std::mutex mutex_;
  std::vector<EventMessage> events_;
};

class HttpEvents : public testing::Test {
 protected:
  void start(const std::function<void(ServerOptions&)>& adjust = {}) {
    server_ = std::make_unique<TestServer>([&](Router& router, ServerOptions& options) {
      options.hub.keptMessages = 100;
      if (adjust) adjust(options);
      router.get("/events", [this](const Request& request) {
        EventSubscription wanted;
        const std::string last(request.headers.getOr("Last-Event-ID"));
        if (!last.empty()) wanted.after = EventOrder{1, 0, std::stoull(last.substr(4))};
        const std::string type = request.query.textOr("type");
        if (!type.empty()) wanted.wants = [type](const EventMessage& m) { return m.type == type; };
        wanted.backlog = [this](const EventOrder& after, std::size_t limit) {
          return store_.page(after, limit);
        };
        return Response::events(std::move(wanted));
      });
    });
  }
  RawClient subscribe(const std::string& fields = {}, const std::string& query = {}) {
    RawClient client(server_->port());
    client.send("GET /events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
    EXPECT_TRUE(client.waitFor("retry: 1000\n\n"));
    return client;
  }
  bool waitForSubscribers(std::size_t count) {
    return eventually([&] { return server_->hub().counts().subscribers == count; });
  }
  /// The ids in what the client has received, in order.
  static std::vector<std::uint64_t> ids(const RawClient& client) {
    std::vector<std::uint64_t> found;
    const std::string& text = client.received();
    for (std::size_t at = text.find("id: 1-0-"); at != std::string::npos;
         at = text.find("id: 1-0-", at + 1)) {
      found.push_back(std::stoull(text.substr(at + 8)));
    }
    return found;
  }
  static std::vector<std::uint64_t> from(std::uint64_t first, std::uint64_t last,
                                         std::uint64_t step = 1) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = first; i <= last; i += step) numbers.push_back(i);
    return numbers;
  }

  Store store_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(HttpEvents, SendsWhatIsPublishedInOrder) {
  start();
  RawClient client = subscribe();
  ASSERT_TRUE(waitForSubscribers(1));
  for (std::uint64_t i = 1; i <= 50; ++i) store_.add(server_->hub(), i);
  ASSERT_TRUE(client.waitFor("id: 1-0-50\ndata: {\"n\":50,\"pad\":\"\"}\n\n"));
  EXPECT_EQ(ids(client), from(1, 50));
}

TEST_F(HttpEvents, ResumesFromMemoryOrStoreWithoutGapOrDouble) {
  start();
  for (std::uint64_t i = 1; i <= 3000; ++i) store_.add(server_->hub(), i);
  RawClient recent = subscribe("Last-Event-ID: 1-0-2950\r\n");
  RawClient old = subscribe("Last-Event-ID: 1-0-5\r\n");
  RawClient fresh = subscribe();
  ASSERT_TRUE(waitForSubscribers(3));
  store_.add(server_->hub(), 3001);
  for (RawClient* client : {&recent, &old, &fresh}) {
    ASSERT_TRUE(client->waitFor("id: 1-0-3001\n"));
  }
  EXPECT_EQ(ids(recent), from(2951, 3001));
  EXPECT_EQ(ids(old), from(6, 3001));
  EXPECT_EQ(ids(fresh), from(3001, 3001));
}

TEST_F(HttpEvents, NothingIsLostWhileClientsComeDuringPublishing) {
  start();
  constexpr std::uint64_t kLast = 2000;
  std::jthread publisher([&] {
    for (std::uint64_t i = 1; i <= kLast; ++i) {
      store_.add(server_->hub(), i);
      if (i % 50 == 0) std::this_thread::sleep_for(2ms);
    }
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(subscribe("Last-Event-ID: 1-0-0\r\n"));
    std::this_thread::sleep_for(5ms);
  }
  for (RawClient& client : clients) {
    ASSERT_TRUE(client.waitFor("id: 1-0-" + std::to_string(kLast) + "\n"));
    EXPECT_EQ(ids(client), from(1, kLast));
  }
}

TEST_F(HttpEvents, WhatHappenedBeforeTheStartComesFromTheStore) {
  start();
  Hub nobody;
  for (std::uint64_t i = 1; i <= 10; ++i) store_.add(nobody, i);
  server_->hub().startAt({1, 0, 10});
  RawClient client = subscribe("Last-Event-ID: 1-0-4\r\n");
  ASSERT_TRUE(client.waitFor("id: 1-0-10\n"));
  store_.add(server_->hub(), 11);
  ASSERT_TRUE(client.waitFor("id: 1-0-11\n"));
  EXPECT_EQ(ids(client), from(5, 11));
}

TEST_F(HttpEvents, FiltersLiveAndStoredMessages) {
  start();
  for (std::uint64_t i = 1; i <= 1000; ++i) store_.add(server_->hub(), i);
  RawClient client = subscribe("Last-Event-ID: 1-0-0\r\n", "?type=even");
  ASSERT_TRUE(client.waitFor("id: 1-0-1000\n"));
  store_.add(server_->hub(), 1001);
  store_.add(server_->hub(), 1002);
  ASSERT_TRUE(client.waitFor("id: 1-0-1002\n"));
  EXPECT_EQ(ids(client), from(2, 1002, 2));
}

TEST_F(HttpEvents, TwoHundredClientsGetEverything) {
  start([](ServerOptions& options) { options.hub.keptMessages = 2000; });
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(subscribe());
  ASSERT_TRUE(waitForSubscribers(200));
  for (std::uint64_t i = 1; i <= 300; ++i) server_->hub().publish(event(i, 150));
  for (RawClient& client : clients) {
    ASSERT_TRUE(client.waitFor("id: 1-0-300\n"));
    EXPECT_EQ(ids(client), from(1, 300));
  }
  EXPECT_EQ(ask(server_->port(), "GET /hello").status, 200);
  clients.clear();
  EXPECT_TRUE(waitForSubscribers(0)) << "who hangs up is forgotten";
}

TEST_F(HttpEvents, DropsWhoDoesNotReadAndNobodyElse) {
  start([](ServerOptions& options) { options.hub.queueBytes = 64 * 1024; });
  RawClient deaf = subscribe();
  RawClient reader = subscribe();
  ASSERT_TRUE(waitForSubscribers(2));
  deaf.setReceiveBuffer(4096);
  std::uint64_t last = 0;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 5; ++i) server_->hub().publish(event(++last, 10'000));
    EXPECT_TRUE(reader.waitFor("id: 1-0-" + std::to_string(last) + "\n"));
    return server_->hub().counts().dropped == 1;
  }));
  EXPECT_EQ(server_->hub().counts().subscribers, 1U);
  EXPECT_EQ(ids(reader), from(1, last));
}

TEST_F(HttpEvents, StreamsOutliveTheIdleTimeAndBeat) {
  start([](ServerOptions& options) {
    options.limits.idleTimeout = 300ms;
    options.limits.requestTimeout = 300ms;
    options.hub.heartbeat = 500ms;
  });
  RawClient client = subscribe();
  EXPECT_TRUE(client.waitFor(": \n\n: \n\n", 5s));
  EXPECT_EQ(server_->hub().counts().subscribers, 1U);
}

TEST_F(HttpEvents, EndWhenTheirCallerMayNotReadThemAnyMore) {
  std::atomic<bool> isRevoked = false, isOther = false, isAway = false;
  start([&](ServerOptions& options) {
    options.hub.recheck = 0ms;
    options.gate = [&](Request& request, const Route&) -> std::optional<Response> {
      request.caller.name = std::string(request.headers.getOr("X-Name"));
      if (isAway && request.caller.name == "c") throw Unavailable("Postgres is away.");
      if (isOther && request.caller.name == "b") request.caller.queues = {{"one"}};
      if (isRevoked && request.caller.name == "a") return Response::noContent();
      return std::nullopt;
    };
  });
  RawClient a = subscribe("X-Name: a\r\n"), b = subscribe("X-Name: b\r\n"),
            c = subscribe("X-Name: c\r\n"), d = subscribe("X-Name: d\r\n");
  ASSERT_TRUE(waitForSubscribers(4));
  isRevoked = true;
  EXPECT_TRUE(a.isClosedWithin(10s));
  isOther = true;
  EXPECT_TRUE(b.isClosedWithin(10s)) << "the queues that it may see are others";
  isAway = true;
  EXPECT_TRUE(c.isClosedWithin(10s)) << "it comes back when they can be looked up";
  EXPECT_EQ(server_->hub().counts().subscribers, 1U);
  store_.add(server_->hub(), 1);
  EXPECT_TRUE(d.waitFor("id: 1-0-1\n")) << "others go on";
}

}  // namespace
}  // namespace planwright::http_events_test
