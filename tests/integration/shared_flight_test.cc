#include "control/shared_flight.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "support/eventually.h"

namespace planwright::shared_flight_test {
namespace {

/// A question whose first answer waits until it may end.
class SharedFlightTest : public testing::Test {
 protected:
  int ask() {
    return flights.get("list", [this] {
      const int number = ++made;
      if (number == 1) mayEnd.get_future().wait();
      return written.load() * 10 + number;
    });
  }
  SharedFlight<int> flights;
  std::promise<void> mayEnd;
  std::atomic<int> made{0}, written{0};
};

TEST_F(SharedFlightTest, WhoAsksLaterGetsAnAnswerThatWasBegunLater) {
  auto first = std::async(std::launch::async, [this] { return ask(); });
  ASSERT_TRUE(eventually([&] { return made == 1; }));
  written = 7;
  std::vector<std::future<int>> later;
  for (int i = 0; i < 4; ++i)
    later.push_back(std::async(std::launch::async, [this] { return ask(); }));
  ASSERT_TRUE(eventually([&] { return flights.passengers("list") == 3; }));
  EXPECT_EQ(made, 1) << "they wait for each other";
  mayEnd.set_value();
  first.get();
  for (auto& each : later) EXPECT_EQ(each.get(), 72) << "one answer for all, after the write";
  EXPECT_EQ(made, 2);
  EXPECT_EQ(ask(), 73) << "nothing is kept";
}

TEST_F(SharedFlightTest, AFailureIsToldToAllWhoShareIt) {
  const auto fail = [this] {
    return flights.get("list", [this]() -> int {
      if (++made == 1) mayEnd.get_future().wait();
      throw std::runtime_error("away");
    });
  };
  auto first = std::async(std::launch::async, fail);
  ASSERT_TRUE(eventually([&] { return made == 1; }));
  auto second = std::async(std::launch::async, fail), third = std::async(std::launch::async, fail);
  ASSERT_TRUE(eventually([&] { return flights.passengers("list") == 1; }));
  mayEnd.set_value();
  for (auto* each : {&first, &second, &third}) EXPECT_THROW(each->get(), std::runtime_error);
  EXPECT_EQ(made, 2);
}

}  // namespace
}  // namespace planwright::shared_flight_test
