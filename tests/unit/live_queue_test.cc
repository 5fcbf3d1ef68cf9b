#include "workers/live_queue.h"

#include <gtest/gtest.h>

namespace planwright::live_queue_test {
namespace {

using Stage = LiveQueue::Stage;
using End = LiveQueue::TrialEnd;

class LiveQueueTest : public testing::Test {
 protected:
  static QueueConfig config() {
    QueueConfig config;
    config.name = "q";
    return config;
  }
  std::int64_t offer(int items) {
    LiveQueue::Trial trial{nullptr, Stage::Plan, items, {}, {}};
    trial.decided = [this](bool isInForce, const std::string& why) {
      decisions += (isInForce ? "in force;" : "not: " + why + ";");
    };
    return queue.offer(std::move(trial));
  }

  LiveQueue queue{config(), nullptr};
  std::string decisions;
};

TEST_F(LiveQueueTest, WhatIsOnTrialIsInForceOnceItsItemsWentWell) {
  offer(2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(queue.now()->number, 1);
    const auto trial = queue.tryOut(Stage::Plan);
    ASSERT_TRUE(trial);
    queue.tried(trial, End::Passed);
  }
  EXPECT_EQ(queue.now()->number, 2);
  EXPECT_EQ(decisions, "in force;");
  EXPECT_FALSE(queue.tryOut(Stage::Plan));
}

TEST_F(LiveQueueTest, OneItemAtATimeTriesAndOnlyOfThatStage) {
  offer(3);
  EXPECT_FALSE(queue.tryOut(Stage::Build));
  const auto trial = queue.tryOut(Stage::Plan);
  EXPECT_FALSE(queue.tryOut(Stage::Plan));
  queue.tried(trial, End::Undecided);
  EXPECT_TRUE(queue.tryOut(Stage::Plan));
}

TEST_F(LiveQueueTest, AFailureEndsTheTrialForAll) {
  offer(3);
  const auto trial = queue.tryOut(Stage::Plan);
  queue.tried(trial, End::Failed, "it throws");
  EXPECT_EQ(queue.now()->number, 1);
  EXPECT_EQ(decisions, "not: it throws;");
  EXPECT_FALSE(queue.tryOut(Stage::Plan));
  queue.tried(trial, End::Passed);  // one that was late
  EXPECT_EQ(queue.now()->number, 1);
}

TEST_F(LiveQueueTest, ANewConfigurationEndsATrial) {
  offer(3);
  queue.replace(config(), nullptr);
  EXPECT_EQ(decisions, "not: The configuration changed during the trial.;");
  EXPECT_EQ(queue.now()->number, 3);
}

TEST_F(LiveQueueTest, WithoutItemsToTryItIsInForceAtOnce) {
  EXPECT_EQ(offer(0), 2);
  EXPECT_EQ(queue.now()->number, 2);
  EXPECT_EQ(decisions, "in force;");
}

TEST_F(LiveQueueTest, ATrialCanBeWithdrawn) {
  EXPECT_FALSE(queue.withdraw("no"));
  offer(1);
  EXPECT_TRUE(queue.withdraw("somebody went back"));
  EXPECT_EQ(decisions, "not: somebody went back;");
  EXPECT_EQ(queue.now()->number, 1);
}

}  // namespace
}  // namespace planwright::live_queue_test
