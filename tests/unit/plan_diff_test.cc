#include "model/plan_diff.h"

#include <gtest/gtest.h>

namespace planwright::plan_diff_test {
namespace {

PlanDiff diff(const std::string& from, const std::string& to) {
  const auto found = diffPlans(from, to);
  EXPECT_TRUE(found) << found.error().message;
  return found ? *found : PlanDiff();
}

TEST(PlanDiff, IsEmptyForTheSameJobsInAnotherOrder) {
  const auto same = diff(R"({"jobs":[{"id":"a","spec":{"x":1,"y":2}},{"id":"b"}]})",
                         R"({"jobs":[{"id":"b"},{"spec":{"y":2,"x":1},"id":"a"}]})");
  EXPECT_TRUE(same.isSame());
  EXPECT_EQ(same, PlanDiff());
}

TEST(PlanDiff, NamesJobsThatCameAndWent) {
  const auto found =
      diff(R"({"jobs":[{"id":"a"},{"id":"b"}]})", R"({"jobs":[{"id":"b"},{"id":"c"}]})");
  EXPECT_EQ(found.added, std::vector<std::string>{"c"});
  EXPECT_EQ(found.removed, std::vector<std::string>{"a"});
  EXPECT_FALSE(found.isSame());
}

TEST(PlanDiff, TellsWhatOfAJobChangedFieldByField) {
  const auto found = diff(
      R"({"jobs":[{"id":"a","needs":["x"],"spec":{"env":{"A/B":"1"},"n":1}}]})",
      R"({"jobs":[{"id":"a","needs":["y"],"spec":{"env":{"A/B":"2"},"n":1},"cacheable":true}]})");
  ASSERT_EQ(found.changed.size(), 1u);
  EXPECT_EQ(found.changed[0].job, "a");
  EXPECT_EQ(found.changed[0].fields,
            (std::vector<FieldChange>{{"/cacheable", "", "true"},
                                      {"/needs", R"(["x"])", R"(["y"])"},
                                      {"/spec/env/A~1B", R"("1")", R"("2")"}}));
}

TEST(PlanDiff, KeepsWhatNoBuildDependsOnApart) {
  const auto found = diff(R"({"jobs":[],"planwright":{"planner":"p 1"}})",
                          R"({"jobs":[],"planwright":{"planner":"p 2"}})");
  EXPECT_TRUE(found.isSame());
  EXPECT_EQ(found.json(), R"({"same":true,"added":[],"removed":[],"changed":[],"document":[)"
                          R"({"pointer":"/planwright/planner","from":"p 1","to":"p 2"}]})");
}

TEST(PlanDiff, RefusesWhatIsNoPlan) {
  EXPECT_FALSE(diffPlans("{}", R"({"jobs":[]})"));
  EXPECT_FALSE(diffPlans(R"({"jobs":[]})", "["));
}

}  // namespace
}  // namespace planwright::plan_diff_test
