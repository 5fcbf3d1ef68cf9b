#include "model/plan_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace planwright::plan_document_test {
namespace {

std::string problemOf(const std::string& json) {
  const auto plan = PlanDocument::parse(json);
  return plan ? "none" : plan.error().pointer + " " + plan.error().message;
}

TEST(PlanDocument, ReadsJobsWithNeedsAsPositions) {
  const auto plan = PlanDocument::parse(
      R"({"jobs":[{"id":"a","outputs":["out.txt"]},
                  {"id":"b","needs":["a"],"inputs":{"in/x.txt":"a/out.txt","y":{"text":"hi"}},
                   "spec":{"command":["true"]},"timeout_ms":1500,"resources":{"memory":1024}}],
          "summary":{"projects":2}})");
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs.size(), 2u);
  EXPECT_EQ(plan->jobs[1].needs, std::vector<int>{0});
  EXPECT_EQ(plan->jobs[1].timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(plan->jobs[1].memoryBytes, 1024);
  EXPECT_EQ(plan->jobs[1].inputs[0].job, "a");
  EXPECT_EQ(plan->jobs[1].inputs[0].output, "out.txt");
  EXPECT_EQ(plan->jobs[1].inputs[1].text, "hi");
  EXPECT_EQ(plan->summaryJson, R"({"projects":2})");
}

TEST(PlanDocument, NamesACycleFromEndToEnd) {
  const auto problem = problemOf(
      R"({"jobs":[{"id":"a","needs":["b"]},{"id":"b","needs":["c"]},{"id":"c","needs":["a"]}]})");
  EXPECT_NE(problem.find("a -> b -> c -> a"), std::string::npos) << problem;
}

TEST(PlanDocument, PointsAtWhatIsWrong) {
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a"},{"id":"a"}]})").find("/jobs/1/id"), std::string::npos);
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a","needs":["x"]}]})").find("/jobs/0/needs/0"),
            std::string::npos);
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a b"}]})").find("/jobs/0/id"), std::string::npos);
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a","comand":1}]})").find("/jobs/0/comand"),
            std::string::npos);
  EXPECT_NE(problemOf(R"({})").find("\"jobs\" is missing"), std::string::npos);
}

TEST(PlanDocument, RefusesPathsThatLeaveTheWorkFolder) {
  for (const char* path : {"../x", "/etc/x", "a/../../x", "a//b", "."})
    EXPECT_NE(
        problemOf(std::string(R"({"jobs":[{"id":"a","inputs":{")") + path + R"(":{"text":""}}}]})")
            .find("leaves"),
        std::string::npos)
        << path;
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a","outputs":["../*.whl"]}]})").find("leaves"),
            std::string::npos);
}

/// Each path is good by itself; the job could not even begin.
TEST(PlanDocument, RefusesInputsThatNoFolderHoldsTogether) {
  const auto problem = [](const std::string& inputs) {
    return problemOf(R"({"jobs":[{"id":"a","inputs":{)" + inputs + "}}]}");
  };
  EXPECT_EQ(problem(R"("a":{"text":"x"},"a-b":{"text":"y"},"b/a":{"text":"z"})"), "none");
  EXPECT_NE(problem(R"("a/b":{"text":"x"},"a":{"text":"y"})").find("/jobs/0/inputs/a/b "),
            std::string::npos);
  EXPECT_NE(problem(R"("x/y/z/w":{"text":"x"},"x/y":{"text":"y"})").find("\"x/y\" is a file"),
            std::string::npos);
  EXPECT_NE(problem("\"" + std::string(256, 'n') + R"(":{"text":"x"})").find("at most 255"),
            std::string::npos);
}

TEST(PlanDocument, AFolderIsNoOutput) {
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a","outputs":["dist/"]}]})").find("write dist/**"),
            std::string::npos);
}

// It fitted nothing, and the job failed for want of its outputs.
TEST(PlanDocument, RefusesPatternsOfOutputsAsAConfigurationDoes) {
  for (const char* pattern : {"*.[ch", "[z-a]", "a\\\\*"})
    EXPECT_NE(problemOf(std::string(R"({"jobs":[{"id":"a","outputs":[")") + pattern + R"("]}]})")
                  .find("/jobs/0/outputs/0: \""),
              std::string::npos)
        << pattern;
}

TEST(PlanDocument, AnInputFromAJobMustAlsoBeANeed) {
  EXPECT_NE(problemOf(R"({"jobs":[{"id":"a"},{"id":"b","inputs":{"x":"a/out"}}]})")
                .find("must also name \"a\""),
            std::string::npos);
}

TEST(PlanDocument, AChainOfManyThousandJobsIsFine) {
  std::string json = R"({"jobs":[{"id":"j0"})";
  for (int i = 1; i < 50'000; ++i)
    json +=
        ",{\"id\":\"j" + std::to_string(i) + "\",\"needs\":[\"j" + std::to_string(i - 1) + "\"]}";
  EXPECT_EQ(problemOf(json + "]}"), "none");
}

TEST(PlanSeal, IsTheSameWhateverTheOrderOfKeysAndSpaces) {
  const auto one =
      sealPlan(R"({"jobs":[{"id":"a","needs":[]}],"summary":{"b":1,"a":2}})", "sha256:x", "p 1");
  const auto two =
      sealPlan(R"({ "summary":{"a":2,"b":1}, "jobs":[{"needs":[],"id":"a"}] })", "sha256:x", "p 1");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->digest, two->digest);
  EXPECT_EQ(one->jobCount, 1);
  EXPECT_EQ(one->digest, Digest::of(one->document));
  EXPECT_NE(one->digest, sealPlan(R"({"jobs":[{"id":"a","needs":[]}],"summary":{"b":1,"a":2}})",
                                  "sha256:y", "p 1")
                             ->digest);
}

TEST(PlanSeal, TheRecipeIsOfTheJobsAlone) {
  const auto recipeOf = [](const char* jobs, const char* summary, const char* input,
                           const char* planner) {
    return sealPlan(fmt::format(R"({{"jobs":{},"summary":{}}})", jobs, summary), input, planner)
        ->recipe;
  };
  const Digest recipe = recipeOf(R"([{"id":"a","needs":[]}])", R"({"n":1})", "sha256:x", "p 1");
  EXPECT_EQ(recipe, recipeOf(R"([{"needs":[],"id":"a"}])", R"({"n":2})", "sha256:y", "q 2"));
  EXPECT_NE(recipe, recipeOf(R"([{"id":"b","needs":[]}])", R"({"n":1})", "sha256:x", "p 1"));
  EXPECT_NE(recipe, recipeOf(R"([])", R"({"n":1})", "sha256:x", "p 1"));
}

TEST(PlanSeal, ASealedDocumentCanBeReadAgain) {
  const auto sealed = sealPlan(R"({"jobs":[{"id":"a"}]})", "sha256:x", "p 1");
  ASSERT_TRUE(sealed);
  const auto plan = PlanDocument::parseSealed(sealed->document);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->jobs[0].name, "a");
}

}  // namespace
}  // namespace planwright::plan_document_test
