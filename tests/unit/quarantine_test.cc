#include "stages/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::quarantine_test {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

const std::string kDigest = "sha256:" + std::string(64, 'a');

class QuarantineTest : public testing::Test {
 protected:
  void die(const std::string& item) {
    quarantine.died({"test.p", "1.0.0", kDigest, item, "died with signal 11", "one\nlast words\n"},
                    now);
  }

  SteadyTime now{};
  Quarantine quarantine{{3, minutes(10)}};
};

TEST_F(QuarantineTest, DeathsOnDifferentItemsInARowAreThePlugins) {
  die("a");
  die("b");
  EXPECT_EQ(quarantine.whyNot(kDigest), "");
  die("c");
  EXPECT_THAT(quarantine.whyNot(kDigest), HasSubstr("died on 3 different items in a row"));
  EXPECT_THAT(quarantine.whyNot(kDigest),
              HasSubstr("it died with signal 11 after it printed \"last words\""));
  EXPECT_THAT(quarantine.whyNot(kDigest), HasSubstr("planwright plugin release test.p"));
  EXPECT_EQ(quarantine.whyNot("sha256:other"), "");
}

TEST_F(QuarantineTest, OneItemManyTimesIsTheItems) {
  for (int i = 0; i < 9; ++i) die("a");
  EXPECT_EQ(quarantine.whyNot(kDigest), "");
}

TEST_F(QuarantineTest, ASuccessBetweenAndTimeForget) {
  die("a");
  die("b");
  quarantine.cameBack(kDigest);
  die("c");
  die("d");
  now += minutes(11);
  die("e");
  EXPECT_EQ(quarantine.whyNot(kDigest), "");
}

TEST_F(QuarantineTest, WhatIsNotWrittenYetStaysWhateverOthersKnow) {
  for (const char* item : {"a", "b", "c"}) die(item);
  quarantine.know({});
  EXPECT_NE(quarantine.whyNot(kDigest), "");
  ASSERT_EQ(quarantine.unwritten().size(), 1u);
  quarantine.written(kDigest);
  EXPECT_TRUE(quarantine.unwritten().empty());
  EXPECT_NE(quarantine.whyNot(kDigest), "");
  quarantine.know({});  // somebody released it
  EXPECT_EQ(quarantine.whyNot(kDigest), "");
  EXPECT_EQ(quarantine.takeDeaths()["test.p"], 3);
}

}  // namespace
}  // namespace planwright::quarantine_test
