#include "model/job_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::job_graph_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// a -> b, a -> c, b and c -> d
JobGraph diamond() {
  return JobGraph({{}, {0}, {0}, {1, 2}});
}

TEST(JobGraph, OnlyTheRootsAreReadyAtFirst) {
  auto graph = diamond();
  EXPECT_THAT(graph.settle(), ElementsAre(0));
  EXPECT_EQ(graph.status(3), JobStatus::Blocked);
}

TEST(JobGraph, AJobBecomesReadyWithTheLastOfItsNeeds) {
  auto graph = diamond();
  graph.settle();
  EXPECT_THAT(graph.finish(0, JobStatus::Succeeded), UnorderedElementsAre(1, 2));
  EXPECT_THAT(graph.finish(1, JobStatus::Succeeded), IsEmpty());
  EXPECT_THAT(graph.finish(2, JobStatus::Cached), ElementsAre(3));
}

TEST(JobGraph, AFailureReachesItsDependentsAndNobodyElse) {
  auto graph = diamond();
  graph.settle();
  graph.finish(0, JobStatus::Succeeded);
  EXPECT_THAT(graph.finish(1, JobStatus::Failed), ElementsAre(3));
  EXPECT_EQ(graph.status(3), JobStatus::DepFailed);
  EXPECT_EQ(graph.status(2), JobStatus::Ready);
  EXPECT_FALSE(graph.isOver());
  EXPECT_THAT(graph.finish(2, JobStatus::Succeeded), IsEmpty());
  EXPECT_TRUE(graph.isOver());
  EXPECT_EQ(graph.good(), 2);
  EXPECT_EQ(graph.bad(), 2);
}

TEST(JobGraph, RestoredEndsCountAsIfTheyHadJustHappened) {
  auto graph = diamond();
  graph.restore(0, JobStatus::Succeeded);
  graph.restore(1, JobStatus::TimedOut);
  EXPECT_THAT(graph.settle(), UnorderedElementsAre(3, 2));
  EXPECT_EQ(graph.status(3), JobStatus::DepFailed);
  EXPECT_EQ(graph.status(2), JobStatus::Ready);
}

TEST(JobGraph, CancelLeavesRunningJobsAlone) {
  auto graph = diamond();
  graph.settle();
  graph.start(0);
  EXPECT_THAT(graph.cancelWaiting(), ElementsAre(1, 2, 3));
  EXPECT_FALSE(graph.isOver());
  EXPECT_THAT(graph.finish(0, JobStatus::Succeeded), IsEmpty());
  EXPECT_TRUE(graph.isOver());
}

TEST(JobGraph, AnEmptyPlanIsOverAtOnce) {
  JobGraph graph({});
  EXPECT_THAT(graph.settle(), IsEmpty());
  EXPECT_TRUE(graph.isOver());
}

TEST(JobGraph, EveryStatusHasItsWord) {
  for (const auto* word : {"blocked", "ready", "running", "succeeded", "cached", "failed",
                           "timed_out", "dep_failed", "cancelled"})
    EXPECT_EQ(toText(jobStatusFrom(word)), word);
}

TEST(JobGraph, AJobThatRunsAgainHoldsUpWhatNeedsIt) {
  auto graph = diamond();
  graph.settle();
  graph.finish(0, JobStatus::Succeeded);
  graph.finish(1, JobStatus::Succeeded);
  EXPECT_THAT(graph.redo(0), ElementsAre(2));
  EXPECT_EQ(graph.status(0), JobStatus::Ready);
  EXPECT_EQ(graph.status(2), JobStatus::Blocked);
  EXPECT_THAT(graph.finish(0, JobStatus::Succeeded), ElementsAre(2)) << "b is done already";
  EXPECT_THAT(graph.finish(2, JobStatus::Succeeded), ElementsAre(3));
  EXPECT_TRUE(graph.finish(3, JobStatus::Succeeded).empty());
  EXPECT_TRUE(graph.isOver());
}

}  // namespace
}  // namespace planwright::job_graph_test
