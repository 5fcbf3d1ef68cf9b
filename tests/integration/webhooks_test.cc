// Deliveries of webhooks over a real database and real sockets; time is the test's.
#include "webhooks/webhooks.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/control_fixture.h"
#include "support/fake_clock.h"
#include "support/http_server.h"
#include "webhooks/signature.h"
#include "webhooks/webhook_sender.h"

namespace planwright::webhooks_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Received {
  std::string path, id, timestamp, signature, body;
};

/// What it answers may change, and it may be away.
class Receiver {
 public:
  Receiver() { come(); }

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  void come() {
    server_.reset();
    server_ = std::make_unique<TestServer>([this](Router& router, ServerOptions& options) {
      options.listen.address = "127.0.0.1:" + std::to_string(port_);
      router.post("/{name}", [this](const Request& request) { return answer(request); });
    });
    port_ = server_->port();
  }
  void goAway() { server_.reset(); }

  std::vector<Received> all() { return *received_.lock(); }
  /// Of one subject in the order in which each came first, as "type" of structured events.
  std::vector<std::string> firstTypesOf(const std::string& subject) {
    std::vector<std::string> types;
    std::set<std::string> seen;
    for (const auto& each : all()) {
      const auto event = parseJson(each.body);
      if (seen.insert(each.id).second && textOr(*event, "subject") == subject)
        types.push_back(textOr(*event, "type"));
    }
    return types;
  }
  using Answers = std::function<int(const Received&)>;
  /// The status of each request from now on.
  void answers(Answers now) { *answers_.lock() = std::move(now); }

 private:
  Response answer(const Request& request) {
    const auto header = [&](const char* name) { return std::string(request.headers.getOr(name)); };
    Received one{request.path, header("webhook-id"), header("webhook-timestamp"),
                 header("webhook-signature"), std::string(request.body)};
    const Answers now = *answers_.lock();
    const int status = now(one);
    if (status / 100 == 2) received_.lock()->push_back(one);
    return Response::text("no", "text/plain", status).with("Location", "/elsewhere");
  }

  int port_ = 0;
  Guarded<Answers> answers_{[](const Received&) { return 200; }};
  Guarded<std::vector<Received>> received_;
  std::unique_ptr<TestServer> server_;
};

class WebhooksTest : public ControlFixture {
 protected:
  WebhooksTest() {
    membership_.become(instance_);
    allow({"127.0.0.0/8"});
  }
  void allow(const std::vector<std::string>& ranges) {
    Config config = config_;
    for (const auto& range : ranges) config.webhooks.allow.push_back(*AddressRange::parse(range));
    live_.replace(std::make_shared<const Config>(std::move(config)));
  }
  std::int64_t add(WebhookWish wish) {
    const auto added = webhooks_.add(wish, "test");
    secret_ = textOr(parsed(added.json), "secret");
    return added.id;
  }
  std::int64_t addReceiver() { return add({.url = receiver_.url()}); }
  void happens(const std::string& subject, const std::string& type,
               const std::string& queue = "default") {
    sql("insert into events (queue, subject, type) values ('" + queue + "', '" + subject + "', '" +
        type + "')");
  }
  void rounds() {
    // An older transaction of anybody, such as autovacuum's, holds the event log back.
    while (text("select count(*) from event_rows "
                "where xid >= pg_snapshot_xmin(pg_current_snapshot())") != "0")
      sender_.step(10ms);
    while (sender_.step(1s)) {
    }
  }
  std::string text(const std::string& query) { return sql(query).text(0, 0); }
  std::string states() {
    return text("select coalesce(string_agg(state, ' ' order by id), '') from deliveries");
  }

  FakeClock time_;
  Receiver receiver_;
  Webhooks webhooks_{{database_, bell_, time_}};
  WebhookSender sender_{{database_, live_, membership_, metrics_, bell_, time_},
                        {.timeout = 300ms}};
  std::string secret_;
};

TEST_F(WebhooksTest, AnEventArrivesOnceAndSigned) {
  addReceiver();
  happens("plan/1", "plan.built");
  rounds();
  ASSERT_THAT(receiver_.all(), SizeIs(1));
  const Received one = receiver_.all()[0];
  EXPECT_EQ(one.signature, webhookSignature(secret_, "", one.id, one.timestamp, one.body));
  EXPECT_EQ(one.timestamp, webhookTimestamp(time_.now()));
  EXPECT_EQ(states(), "delivered");
  rounds();
  EXPECT_THAT(receiver_.all(), SizeIs(1));
  EXPECT_EQ(metrics_.value("planwright_webhook_attempts_total", {{"outcome", "delivered"}}), 1);
}

TEST_F(WebhooksTest, OnlyWhatIsAskedForIsSent) {
  happens("plan/1", "plan.built");
  add({.url = receiver_.url(), .queues = {"other"}, .types = {"plan.built", "input.*"}});
  happens("plan/2", "plan.built");
  happens("plan/3", "plan.built", "other");
  happens("input/4", "input.recorded", "other");
  happens("plan/5", "plan.failed", "other");
  happens("plan/6", "planXbuilt", "other");
  rounds();
  EXPECT_THAT(receiver_.all(), SizeIs(2));
  EXPECT_THAT(receiver_.firstTypesOf("plan/3"), ElementsAre("plan.built"));
  EXPECT_THAT(receiver_.firstTypesOf("input/4"), ElementsAre("input.recorded"));
}

/// Ten minutes each: it is well, answers 500, is gone, is well, answers 503 to a half, is well.
TEST_F(WebhooksTest, EverythingArrivesInOrderWhateverTheReceiverDoesForAnHour) {
  addReceiver();
  std::map<std::string, std::vector<std::string>> happened;
  const auto minute = [&](int n) {
    for (int item = 0; item < 3; ++item) {
      const std::string subject = "plan/" + std::to_string(item);
      happened[subject].push_back("test.at" + std::to_string(n));
      happens(subject, happened[subject].back());
    }
    rounds();
    time_.advance(1min);
  };
  for (int n = 0; n < 60; ++n) {
    if (n == 10) receiver_.answers([](const Received&) { return 500; });
    if (n == 20) receiver_.goAway();
    if (n == 30) receiver_.come();
    if (n == 30) receiver_.answers([](const Received&) { return 200; });
    if (n == 40)
      receiver_.answers([](const Received& one) { return one.id < "msg_8" ? 503 : 200; });
    if (n == 50) receiver_.answers([](const Received&) { return 200; });
    minute(n);
  }
  for (int n = 0; n < 60 * 24 && states().find("waiting") != std::string::npos; ++n) {
    rounds();
    time_.advance(1min);
  }
  std::map<std::string, std::set<std::string>> bytes;
  for (const auto& one : receiver_.all()) {
    bytes[one.id].insert(one.body);
    EXPECT_EQ(one.signature, webhookSignature(secret_, "", one.id, one.timestamp, one.body));
  }
  EXPECT_EQ(bytes.size(), 180U) << "each event has an id of its own";
  for (const auto& [id, bodies] : bytes) EXPECT_THAT(bodies, SizeIs(1)) << id;
  for (const auto& [subject, types] : happened)
    EXPECT_EQ(receiver_.firstTypesOf(subject), types) << subject;
  EXPECT_EQ(text("select count(*) from deliveries where state <> 'delivered'"), "0");
}

TEST_F(WebhooksTest, ASlowReceiverKeepsNobodyWaiting) {
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent.get(), 16), 0);
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const auto slow =
      add({.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/"});
  addReceiver();
  for (int i = 0; i < 30; ++i) happens("plan/" + std::to_string(i), "plan.built");
  for (int i = 0; i < 1'000 && receiver_.all().size() < 30; ++i) sender_.step(10ms);
  EXPECT_THAT(receiver_.all(), SizeIs(30));
  const std::string error = "select coalesce(max(error), '') from deliveries";
  for (int i = 0; i < 1'000 && text(error).empty(); ++i) sender_.step(10ms);
  EXPECT_THAT(text(error), HasSubstr("timed out"));
  EXPECT_EQ(text("select count(*) from deliveries where state = 'waiting' and webhook = " +
                 std::to_string(slow)),
            "30");
}

TEST_F(WebhooksTest, AnEventThatIsRefusedHoldsItsOwnItemOnlyAndIsDeadAfterADay) {
  const auto id = addReceiver();
  receiver_.answers([](const Received& one) {
    return one.body.find("plan/1\"") != std::string::npos ? 422 : 200;
  });
  happens("plan/1", "plan.building");
  happens("plan/1", "plan.built");
  happens("plan/2", "plan.built");
  rounds();
  EXPECT_THAT(receiver_.firstTypesOf("plan/2"), ElementsAre("plan.built"));
  EXPECT_EQ(states(), "waiting waiting delivered");
  EXPECT_EQ(
      text("select attempts from deliveries where type = 'plan.built' and subject = 'plan/1'"), "0")
      << "it waits for the one before it";
  for (int n = 0; n < 80 && states().starts_with("waiting"); ++n) {
    time_.advance(30min);
    rounds();
  }
  EXPECT_THAT(states(), testing::StartsWith("dead"));
  EXPECT_EQ(text("select attempts from deliveries where state = 'dead'"), "12");
  const auto page = parsed(*webhooks_.deliveries(id, {.state = "dead"}));
  const auto& dead = (*find(page, "items"))[0];
  EXPECT_EQ(textOr(dead, "error"), "It answered 422: no");
  receiver_.answers([](const Received&) { return 200; });
  EXPECT_TRUE(webhooks_.redeliver(numberOr(dead, "id", 0)));
  time_.advance(24h);
  rounds();
  EXPECT_EQ(states(), "delivered delivered delivered");
}

TEST_F(WebhooksTest, ARedirectIsNotFollowed) {
  addReceiver();
  receiver_.answers([](const Received& one) { return one.path == "/elsewhere" ? 200 : 307; });
  happens("plan/1", "plan.built");
  rounds();
  EXPECT_THAT(receiver_.all(), IsEmpty());
  EXPECT_EQ(text("select error from deliveries"), "It answered 307; redirects are not followed.");
}

TEST_F(WebhooksTest, AddressesThatAreNotPublicAreReachedOnlyIfAllowed) {
  add({.url = "http://localhost:" + receiver_.url("").substr(17) + "/hook"});
  allow({"10.0.0.0/8"});
  happens("plan/1", "plan.built");
  rounds();
  EXPECT_THAT(receiver_.all(), IsEmpty());
  EXPECT_THAT(text("select error from deliveries"), HasSubstr("is not a public address"));
  allow({"127.0.0.0/8", "::1"});
  time_.advance(5s);
  rounds();
  EXPECT_THAT(receiver_.all(), SizeIs(1));
}

TEST_F(WebhooksTest, WhatIsReplayedHasTheSameIdsAndBytes) {
  const auto id = addReceiver();
  const std::string begin = textOr(parsed(*webhooks_.one(id)), "cursor");
  for (const char* type : {"plan.queued", "plan.building", "plan.built"}) happens("plan/1", type);
  rounds();
  ASSERT_THAT(receiver_.all(), SizeIs(3));
  sql("delete from deliveries where type = 'plan.building'");  // pruned by age
  EXPECT_TRUE(webhooks_.replay(id, begin));
  rounds();
  const auto all = receiver_.all();
  ASSERT_THAT(all, SizeIs(6));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].id, all[i + 3].id);
    EXPECT_EQ(all[i].body, all[i + 3].body);
  }
  EXPECT_EQ(webhooks_.replay(id, "rubbish").error().kind, ErrorKind::Invalid);
  EXPECT_EQ(webhooks_.replay(999, "0").error().kind, ErrorKind::NotFound);
}

TEST_F(WebhooksTest, AnAnswerThatWasNotCommittedIsAskedForAgainWithTheSameBytes) {
  addReceiver();
  happens("plan/1", "plan.built");
  rounds();
  sql("update deliveries set state = 'waiting', attempts = 0, finished_at = null");
  rounds();
  const auto all = receiver_.all();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].id, all[1].id);
  EXPECT_EQ(all[0].body, all[1].body);
}

TEST_F(WebhooksTest, TheEventLogKeepsWhatAReceiverCannotTakeYet) {
  addReceiver();
  receiver_.goAway();
  sql("insert into events (queue, subject, type) select 'default', 'plan/' || n, 'plan.built' from "
      "generate_series(1, 250) n");
  WebhookSender narrow({database_, live_, membership_, metrics_, bell_, time_},
                       {.looked = 20, .waiting = 50, .timeout = 300ms});
  for (int i = 0; i < 20; ++i) narrow.step(50ms);
  EXPECT_EQ(text("select count(*) from deliveries"), "60");
  receiver_.come();
  for (int n = 0; n < 60 && receiver_.all().size() < 250; ++n) {
    time_.advance(1min);
    while (narrow.step(1s)) {
    }
  }
  EXPECT_THAT(receiver_.all(), SizeIs(250));
}

TEST_F(WebhooksTest, OneHostSendsAndAnotherTakesOverWhenItIsGone) {
  addReceiver();
  const auto other = sql("insert into instances (data_id, hostname, pid, roles, version) values "
                         "('other', 'b', 2, 'upkeep', '1') returning id")
                         .number(0, 0);
  rounds();
  Membership second;
  second.become(other);
  WebhookSender heir({database_, live_, second, metrics_, bell_, time_}, {.timeout = 300ms});
  happens("plan/1", "plan.built");
  while (heir.step(100ms)) {
  }
  EXPECT_THAT(receiver_.all(), IsEmpty());
  sql("update instances set ended_at = now() where id = " + std::to_string(instance_));
  while (heir.step(1s)) {
  }
  EXPECT_THAT(receiver_.all(), SizeIs(1));
  happens("plan/2", "plan.built");
  rounds();
  EXPECT_THAT(receiver_.all(), SizeIs(1)) << "the one that was declared dead sends nothing";
}

TEST_F(WebhooksTest, BothSecretsSignForADayAfterAChange) {
  const auto id = addReceiver();
  const std::string old = secret_;
  const std::string fresh = textOr(parsed(*webhooks_.rotate(id)), "secret");
  EXPECT_NE(fresh, old);
  happens("plan/1", "plan.built");
  rounds();
  time_.advance(Webhooks::kRotation);
  happens("plan/2", "plan.built");
  rounds();
  const auto all = receiver_.all();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].signature,
            webhookSignature(fresh, old, all[0].id, all[0].timestamp, all[0].body));
  EXPECT_EQ(all[1].signature,
            webhookSignature(fresh, "", all[1].id, all[1].timestamp, all[1].body));
}

TEST_F(WebhooksTest, NoAnswerShowsTheSecretAgain) {
  const auto id = addReceiver();
  receiver_.answers([](const Received&) { return 500; });
  EXPECT_TRUE(webhooks_.test(id));
  rounds();
  for (const std::string& shown :
       {webhooks_.list(), *webhooks_.one(id), *webhooks_.deliveries(id, {}),
        text("select coalesce(string_agg(e::text, ''), '') from events e"),
        text("select string_agg(d::text, '') from deliveries d")})
    EXPECT_THAT(shown, Not(HasSubstr(secret_.substr(6))));
  EXPECT_TRUE(webhooks_.remove(id));
  EXPECT_EQ(webhooks_.one(id).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(states(), "");
}

}  // namespace
}  // namespace planwright::webhooks_test
