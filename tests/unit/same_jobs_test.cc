#include "building/same_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::same_jobs_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const JobPlace kFirst{BuildId{1}, 0}, kSecond{BuildId{2}, 0}, kThird{BuildId{3}, 0};

class SameJobsTest : public testing::Test {
 protected:
  SameJobsTest() {
    for (const auto& job : {kFirst, kSecond, kThird}) same.add(job, "key");
  }
  SameJobs same;
};

TEST_F(SameJobsTest, OneRunsAtATime) {
  EXPECT_TRUE(same.mayStart(kFirst));
  same.started(kFirst);
  EXPECT_FALSE(same.mayStart(kSecond));
  EXPECT_THAT(same.takeFreed(), IsEmpty());
}

TEST_F(SameJobsTest, WhatWaitedIsAskedForAgainBeforeItMayStart) {
  same.started(kFirst);
  same.ended(kFirst);
  EXPECT_FALSE(same.mayStart(kSecond)) << "its result may be in the cache";
  EXPECT_TRUE(same.hasFreed());
  EXPECT_THAT(same.takeFreed(), ElementsAre(kSecond, kThird));
  EXPECT_FALSE(same.hasFreed());
  same.add(kSecond, "key");
  same.add(kThird, "key");
  EXPECT_TRUE(same.mayStart(kThird));
  same.started(kThird);
  EXPECT_FALSE(same.mayStart(kSecond));
}

TEST_F(SameJobsTest, OtherKeysAndNoKeyAreAlone) {
  const JobPlace other{BuildId{4}, 0}, none{BuildId{5}, 0};
  same.add(other, "another");
  same.add(none, "");
  same.started(kFirst);
  EXPECT_TRUE(same.mayStart(other));
  EXPECT_TRUE(same.mayStart(none));
  same.started(other);
  same.started(none);
  same.ended(other);
  same.ended(none);
  EXPECT_THAT(same.takeFreed(), IsEmpty());
}

TEST_F(SameJobsTest, WhatWaitsNoMoreIsNotAskedFor) {
  same.started(kFirst);
  same.left(kSecond);
  same.left(kFirst);  // it runs: that is another matter
  EXPECT_FALSE(same.mayStart(kThird));
  same.ended(kFirst);
  EXPECT_THAT(same.takeFreed(), ElementsAre(kThird));
}

TEST_F(SameJobsTest, ForgetsWhatWaitsButNotWhatRuns) {
  same.started(kFirst);
  same.forgetWaiting();
  same.add(kThird, "key");
  EXPECT_FALSE(same.mayStart(kThird));
  same.ended(kFirst);
  EXPECT_THAT(same.takeFreed(), ElementsAre(kThird));
}

}  // namespace
}  // namespace planwright::same_jobs_test
