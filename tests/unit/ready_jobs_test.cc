#include "model/ready_jobs.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/critical_path.h"

namespace planwright::ready_jobs_test {
namespace {

using testing::ElementsAre;

constexpr JobCapacity kMachine{2, 1000};

bool always(BuildId, int) {
  return true;
}

ReadyJob job(int build, int position, double path = 1, double seconds = 1) {
  return {BuildId{build}, position, path, seconds, 1, 0};
}

/// The builds of the next `count` starts; each job ends at once.
std::vector<int> next(ReadyJobs& ready, int count) {
  std::vector<int> builds;
  for (int i = 0; i < count; ++i) {
    const auto choice = ready.take(1, kMachine, always);
    if (!choice) break;
    builds.push_back(static_cast<int>(number(choice->build)));
    ready.ended(choice->build, choice->position);
  }
  return builds;
}

TEST(CriticalPaths, CountTheLongestChainThatHangsOnAJob) {
  // a -> b -> d, a -> c -> d; c is slow
  EXPECT_THAT(criticalPaths({{}, {0}, {0}, {1, 2}}, {1, 2, 5, 1}), ElementsAre(7, 3, 6, 1));
}

TEST(ReadyJobs, TheLongestPathGoesFirst) {
  ReadyJobs ready;
  ready.add("a", job(1, 0, 3));
  ready.add("a", job(2, 0, 9));
  ready.add("a", job(3, 0, 5));
  EXPECT_THAT(next(ready, 5), ElementsAre(2, 3, 1));
}

TEST(ReadyJobs, AFloodOfOneSourceDoesNotDelayAnother) {
  ReadyJobs ready;
  for (int i = 0; i < 1000; ++i) ready.add("flood", job(1, i, 100));
  next(ready, 10);
  ready.add("other", job(2, 0, 1));
  EXPECT_THAT(next(ready, 2), ElementsAre(2, 1));
}

TEST(ReadyJobs, WhoWaitedForNothingSavesNoTurns) {
  ReadyJobs ready;
  for (int i = 0; i < 1000; ++i) ready.add("flood", job(1, i));
  next(ready, 500);
  for (int i = 0; i < 100; ++i) ready.add("late", job(2, i));
  EXPECT_THAT(next(ready, 6), ElementsAre(2, 1, 2, 1, 2, 1));
}

TEST(ReadyJobs, AHeavierSourceHasMoreTurns) {
  ReadyJobs ready({{"a", 3}, {"b", 1}});
  for (int i = 0; i < 100; ++i) {
    ready.add("a", job(1, i));
    ready.add("b", job(2, i));
  }
  const auto starts = next(ready, 40);
  EXPECT_EQ(std::count(starts.begin(), starts.end(), 1), 30);
}

TEST(ReadyJobs, LongJobsUseUpTheTurnsOfTheirSource) {
  ReadyJobs ready;
  for (int i = 0; i < 100; ++i) {
    ready.add("long", job(1, i, 1, 10));
    ready.add("short", job(2, i, 1, 1));
  }
  const auto starts = next(ready, 22);
  EXPECT_EQ(std::count(starts.begin(), starts.end(), 1), 2);
}

TEST(ReadyJobs, ResourcesAreNotExceededAndSmallerJobsGoMeanwhile) {
  ReadyJobs ready;
  auto large = job(1, 0, 9);
  large.memoryBytes = 800;
  auto other = job(1, 1, 8);
  other.memoryBytes = 300;
  ready.add("a", large);
  ready.add("a", other);
  ready.add("a", job(1, 2, 1));
  EXPECT_EQ(ready.take(2, kMachine, always)->position, 0);
  EXPECT_EQ(ready.take(2, kMachine, always)->position, 2) << "1100 of 1000 bytes";
  EXPECT_FALSE(ready.take(2, kMachine, always));
  ready.ended(BuildId{1}, 0);
  EXPECT_EQ(ready.take(2, kMachine, always)->position, 1);
}

TEST(ReadyJobs, AJobThatWantsMoreThanThereIsRunsAlone) {
  ReadyJobs ready;
  auto huge = job(1, 0);
  huge.cpus = 64;
  ready.add("a", huge);
  ready.add("a", job(1, 1));
  EXPECT_EQ(ready.take(2, kMachine, always)->position, 0);
  EXPECT_FALSE(ready.take(2, kMachine, always));
}

TEST(ReadyJobs, ALargeJobIsNotOvertakenForEver) {
  ReadyJobs ready;
  for (int i = 0; i < 2; ++i) ready.add("a", job(1, i, 9));
  ready.take(2, kMachine, always);
  ready.take(2, kMachine, always);
  auto large = job(2, 0, 5);
  large.cpus = 2;
  ready.add("a", large);
  for (int i = 0; i < 1000; ++i) ready.add("a", job(3, i, 1));
  int small = 0;
  ready.ended(BuildId{1}, 0);  // one of the two slots is always taken
  for (; small < 1000; ++small) {
    const auto choice = ready.take(2, kMachine, always);
    if (!choice) break;
    ASSERT_EQ(choice->build, BuildId{3});
    ready.ended(choice->build, choice->position);
  }
  EXPECT_LT(small, 100);
  ready.ended(BuildId{1}, 1);
  EXPECT_EQ(ready.take(2, kMachine, always)->build, BuildId{2});
}

TEST(ReadyJobs, WhatIsNoLongerReadyIsPassedOver) {
  ReadyJobs ready;
  ready.add("a", job(1, 0, 9));
  ready.add("a", job(2, 0, 1));
  const auto choice =
      ready.take(2, kMachine, [](BuildId build, int) { return build == BuildId{2}; });
  EXPECT_EQ(choice->build, BuildId{2});
  EXPECT_EQ(ready.running(), 1u);
}

}  // namespace
}  // namespace planwright::ready_jobs_test
