#include "http/seats.h"

#include <map>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "http/peer_address.h"

namespace planwright::seats_test {
namespace {

using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;

class SeatsTest : public testing::Test {
 protected:
  /// Somebody with a name sits down, a second after everybody else. False: there is no seat.
  bool enter(const std::string& name, const std::string& client = "a") {
    now += 1s;
    auto seat = seats.take(client, -1, now);
    if (seat) seated[name] = std::move(*seat);
    return seat.has_value();
  }
  void enterMany(int count, const std::string& client) {
    for (int i = 0; i < count; ++i) enter(client + std::to_string(i), client);
  }
  std::vector<std::string> givenUp() const {
    std::vector<std::string> names;
    for (const auto& [name, seat] : seated)
      if (seat.isGivenUp()) names.push_back(name);
    return names;
  }

  ConnectionSeats seats{HttpLimits{.keptBytes = 200'000, .connections = 16}};
  std::map<std::string, Seat> seated;
  SteadyTime now{};
};

TEST_F(SeatsTest, TheLongestWaitingMakesRoomForANewcomer) {
  enterMany(8, "a");
  enterMany(8, "b");
  EXPECT_THAT(givenUp(), IsEmpty());
  seated["a0"].works();
  seated["a0"].waits(now);
  EXPECT_TRUE(enter("new", "c"));
  EXPECT_THAT(givenUp(), ElementsAre("a1"));
  EXPECT_EQ(seats.count(), 17U) << "it is there until it has left";
  seated.erase("a1");
  EXPECT_EQ(seats.count(), 16U);
  EXPECT_EQ(seats.givenUp(), 1U);
}

TEST_F(SeatsTest, OneClientTakesHalfOfThemAndThenItsOwn) {
  enter("first", "b");
  enterMany(8, "a");
  EXPECT_TRUE(enter("new", "a"));
  EXPECT_THAT(givenUp(), ElementsAre("a0"));
}

TEST_F(SeatsTest, WhoIsAnsweredKeepsItsSeat) {
  enterMany(8, "a");
  enterMany(8, "b");
  for (auto& [name, seat] : seated) seat.works();
  EXPECT_TRUE(enter("new", "c"));
  EXPECT_TRUE(enter("newer", "d"));
  EXPECT_THAT(givenUp(), ElementsAre("new"));
}

TEST_F(SeatsTest, ThereIsAnEndOfThem) {
  enterMany(8, "a");
  enterMany(8, "b");
  EXPECT_FALSE(seats.areManyLeaving());
  enterMany(16, "c");
  EXPECT_TRUE(seats.areManyLeaving());
  EXPECT_FALSE(enter("too many", "d")) << "nobody has left yet";
  seated.erase(givenUp().front());
  EXPECT_TRUE(enter("late", "d"));
}

TEST_F(SeatsTest, OfUploadsAndDownloadsTheSlowestLeaves) {
  for (const char* name : {"slow", "stream", "quick", "young"}) {
    enter(name);
    seated[name].lasts(now);
  }
  now += 100s;
  seated["slow"].moved(100'000);
  seated["quick"].moved(10'000'000);
  seated["young"].lasts(now);
  enter("new");
  seated["new"].lasts(now);
  EXPECT_THAT(givenUp(), ElementsAre("stream")) << "one client has a quarter of all seats for them";
  enter("other", "b");
  seated["other"].lasts(now);
  EXPECT_THAT(givenUp(), ElementsAre("stream"));
}

TEST_F(SeatsTest, OneThatIsDownloadingIsNoneThatWaits) {
  enterMany(8, "a");
  seated["a0"].lasts(now);
  enterMany(8, "b");
  enter("new", "c");
  EXPECT_THAT(givenUp(), ElementsAre("a1"));
  seated["a0"].waits(now);
  EXPECT_TRUE(enter("newer", "c"));
  EXPECT_THAT(givenUp(), ElementsAre("a1", "a2"));
}

TEST_F(SeatsTest, BodiesInMemoryShareWhatThereIsForThem) {
  enter("small");
  seated["small"].keeps(1000);
  enter("large");
  seated["large"].keeps(150'000);
  enter("larger");
  seated["larger"].keeps(100'000);
  EXPECT_THAT(givenUp(), ElementsAre("large"));
  seated["larger"].keeps(500'000);
  EXPECT_THAT(givenUp(), ElementsAre("large")) << "a single one may have more";
  seated["larger"].keeps(0);
  enter("next");
  seated["next"].keeps(190'000);
  EXPECT_THAT(givenUp(), ElementsAre("large"));
}

TEST_F(SeatsTest, OneMakesRoomWhenTheSystemHasNoDescriptorLeft) {
  enter("waiting");
  enter("lasting");
  seated["lasting"].lasts(now);
  seats.giveUpOne(now);
  EXPECT_THAT(givenUp(), ElementsAre("waiting"));
  seats.giveUpOne(now);
  EXPECT_THAT(givenUp(), ElementsAre("waiting")) << "that one has not left yet";
  seated.erase("waiting");
  seats.giveUpOne(now);
  EXPECT_THAT(givenUp(), ElementsAre("lasting"));
}

TEST_F(SeatsTest, ASeatIsGivenBackWhoeverHasItThen) {
  enter("a");
  Seat elsewhere = std::move(seated["a"]);
  seated.clear();
  EXPECT_EQ(seats.count(), 1U);
  elsewhere = Seat();
  EXPECT_EQ(seats.count(), 0U);
}

TEST(PeerAddress, AClientHasAllAddressesOfItsNetwork) {
  const auto of = [](const char* text) {
    sockaddr_storage address{};
    address.ss_family = std::string(text).find(':') == std::string::npos ? AF_INET : AF_INET6;
    void* raw = address.ss_family == AF_INET
                    ? static_cast<void*>(&reinterpret_cast<sockaddr_in*>(&address)->sin_addr)
                    : &reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr;
    EXPECT_EQ(::inet_pton(address.ss_family, text, raw), 1);
    return addressText(-1, address) + " " + clientText(-1, address);
  };
  EXPECT_EQ(of("192.0.2.7"), "192.0.2.7 192.0.2.7");
  EXPECT_EQ(of("::ffff:192.0.2.7"), "192.0.2.7 192.0.2.7");
  EXPECT_EQ(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2:3:4:5:6 2001:db8:1:2::");
}

}  // namespace
}  // namespace planwright::seats_test
