// Maintenance mode: a sentence in Postgres that stops writes by the API.
#include "control/maintenance.h"

#include <gmock/gmock.h>

#include "support/control_fixture.h"
#include "support/fake_clock.h"
#include "support/http_client.h"
#include "support/http_server.h"

namespace planwright::maintenance_test {
namespace {

using testing::HasSubstr;

class MaintenanceTest : public ControlFixture {
 protected:
  std::string sentence() const {
    const auto note = control_->maintenance.now();
    return note ? note->sentence : "";
  }
};

TEST_F(MaintenanceTest, HasASentenceUntilItIsTurnedOff) {
  EXPECT_EQ(sentence(), "");
  EXPECT_TRUE(control_->maintenance.turnOn("The disks are changed.", "ann"));
  EXPECT_EQ(sentence(), "The disks are changed.");
  EXPECT_TRUE(control_->maintenance.turnOn("It takes until noon.", "bob"));
  EXPECT_EQ(sentence(), "It takes until noon.");
  EXPECT_EQ(textOr(parsed(control_->maintenance.json()), "by"), "bob");
  control_->maintenance.turnOff("ann");
  control_->maintenance.turnOff("ann");
  EXPECT_EQ(sentence(), "");
  EXPECT_EQ(sql("select string_agg(type || ' ' || actor, ', ' order by id) from events where "
                "subject = 'maintenance'")
                .text(0, 0),
            "maintenance.on ann, maintenance.on bob, maintenance.off ann");
  EXPECT_FALSE(control_->maintenance.turnOn("", "ann"));
  EXPECT_FALSE(control_->maintenance.turnOn(std::string(501, 'x'), "ann"));
}

TEST_F(MaintenanceTest, OfAnotherHostIsSeenAfterAMomentAndCostsNoQueryForEachWrite) {
  FakeClock time;
  Host host{live_,    database_, host_->connectTickets,
            blobs_,   bell_,     membership_,
            metrics_, time,      logs_,
            {},       {},        {}};
  const ControlParts parts{host, desk_, &signingKey_};
  const Maintenance here(parts);
  EXPECT_FALSE(here.now());
  EXPECT_TRUE(control_->maintenance.turnOn("Another host says so.", "ann"));
  EXPECT_FALSE(here.now()) << "what was read is remembered";
  time.advance(Maintenance::kRemembered);
  EXPECT_EQ(here.now()->sentence, "Another host says so.");
}

TEST(MaintenanceMode, RefusesWritesButThoseThatEndIt) {
  std::atomic<bool> isOn{true};
  TestServer server([&](Router& router, ServerOptions& options) {
    const auto done = [](const Request&) { return Response::json("{}"); };
    router.add(Method::Delete, "/end", done, {.inMaintenance = true});
    router.add(Method::Post, "/login", done, {.readOnlyOk = true});
    options.maintenance = [&]() -> std::optional<std::string> {
      return isOn ? std::optional<std::string>("Back at noon.") : std::nullopt;
    };
  });
  const auto refused = ask(server.port(), "POST /len", "Content-Length: 1\r\n", "x");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
  EXPECT_THAT(refused.body, HasSubstr("/problems/maintenance"));
  EXPECT_THAT(refused.body, HasSubstr("Back at noon."));
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_EQ(ask(server.port(), "POST /upload", "Content-Length: 1\r\n", "x").status, 503);
  EXPECT_EQ(ask(server.port(), "GET /hello", "", "").status, 200);
  EXPECT_EQ(ask(server.port(), "DELETE /end", "Content-Length: 0\r\n", "").status, 200);
  EXPECT_EQ(ask(server.port(), "POST /login", "Content-Length: 0\r\n", "").status, 200);
  isOn = false;
  EXPECT_EQ(ask(server.port(), "POST /len", "Content-Length: 1\r\n", "x").status, 200);
}

}  // namespace
}  // namespace planwright::maintenance_test
