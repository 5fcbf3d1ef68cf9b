#include "workers/alone_turns.h"

#include <gtest/gtest.h>

namespace planwright::alone_turns_test {
namespace {

using namespace std::chrono_literals;

class AloneTurnsTest : public testing::Test, AloneTurns::Doors {
 protected:
  bool step() { return turns.step(now, {}); }

  SteadyTime now{};
  int held = 0;
  int looks = 0;
  std::vector<std::int64_t> waiting;
  std::vector<std::int64_t> claimed;
  AloneTurns turns{*this};

  bool isEmpty(const std::stop_token&) override { return held == 0; }
  std::vector<std::int64_t> dueAlone() override {
    ++looks;
    return waiting.empty() ? waiting : std::vector{waiting.front()};
  }
  bool claimAlone(const std::vector<std::int64_t>& ids) override {
    claimed.insert(claimed.end(), ids.begin(), ids.end());
    waiting.erase(waiting.begin());
    ++held;
    return true;
  }
};

TEST_F(AloneTurnsTest, LooksOnceASecondWhileThereAreNone) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(step());
  EXPECT_EQ(looks, 1);
  now += 1s;
  EXPECT_FALSE(step());
  EXPECT_EQ(looks, 2);
}

TEST_F(AloneTurnsTest, WaitsUntilNothingElseIsHeld) {
  held = 3;
  waiting = {7};
  EXPECT_TRUE(step()) << "nothing else is claimed meanwhile";
  EXPECT_TRUE(claimed.empty());
  held = 0;
  EXPECT_TRUE(step());
  EXPECT_EQ(claimed, std::vector<std::int64_t>{7});
}

TEST_F(AloneTurnsTest, GivesOneTurnAfterTheOtherAndThenLetsGo) {
  waiting = {7, 8};
  EXPECT_TRUE(step());
  EXPECT_TRUE(step()) << "7 is still at it";
  EXPECT_EQ(claimed.size(), 1u);
  held = 0;
  EXPECT_TRUE(step());
  EXPECT_EQ(claimed.size(), 2u);
  EXPECT_TRUE(turns.areOn());
  held = 0;
  EXPECT_FALSE(step());
  EXPECT_FALSE(turns.areOn());
}

}  // namespace
}  // namespace planwright::alone_turns_test
