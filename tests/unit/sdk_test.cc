#include <gtest/gtest.h>

#include "planwright/plugin.hpp"

#include "base/embedded_files.h"
#include "base/json.h"

namespace planwright::sdk_test {
namespace {

TEST(SdkPlan, WritesEveryFieldOfAJob) {
  pw::Plan plan;
  plan.job("a")
      .after("b")
      .after("b")
      .command({"make", "-j2"})
      .env("LANG", "C")
      .arg("tries", 3)
      .arg("tries", 4)  // the later value stays
      .input("in.txt", "b/out.txt")
      .text("note", "x")
      .output("*.whl")
      .timeout(std::chrono::minutes(2))
      .cpus(2)
      .memory(1 << 20)
      .cacheable();
  plan.summary("jobs", 1);
  plan.summary("tool", "make");
  EXPECT_EQ(
      plan.json(),
      R"({"jobs":[{"id":"a","needs":["b"],"spec":{"command":["make","-j2"],"env":{"LANG":"C"},"tries":4},)"
      R"("inputs":{"in.txt":"b/out.txt","note":{"text":"x"}},"outputs":["*.whl"],"timeout_ms":120000,)"
      R"("resources":{"cpus":2,"memory":1048576},"cacheable":true}],"summary":{"jobs":1,"tool":"make"}})");
}

TEST(SdkPlan, GrowsBeyondItsFirstBufferAndStaysValid) {
  pw::Plan plan;
  auto first = plan.job("first");
  for (int i = 0; i < 5000; ++i) plan.job("job-" + std::to_string(i)).shell("true").after("first");
  first.shell("echo first");  // a handle survives the growth
  const auto document = parseJson(plan.json());
  ASSERT_TRUE(document);
  const auto schema = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
  EXPECT_TRUE(schema->validate(*document));
  EXPECT_EQ(plan.size(), 5001u);
}

TEST(PlanSchema, RefusesWhatNoBuildCouldMean) {
  const auto schema = JsonSchema::compile(embeddedFiles().at("sdk/schema/plan.schema.json"));
  ASSERT_TRUE(schema) << schema.error().message;
  const auto pointer = [&](const std::string& job) {
    const auto result = schema->validate(*parseJson(R"({"jobs":[)" + job + "]}"));
    return result ? "ok" : result.error().pointer;
  };
  EXPECT_EQ(pointer(R"({"id":"a"})"), "ok");
  EXPECT_EQ(pointer(R"({"id":"a b"})"), "/jobs/0/id");
  EXPECT_EQ(pointer(R"({"id":"a","need":[]})"), "/jobs/0/need");
  EXPECT_EQ(pointer(R"({"id":"a","needs":["b","b"]})"), "/jobs/0/needs/1");
  EXPECT_EQ(pointer(R"({"id":"a","timeout_ms":0})"), "/jobs/0/timeout_ms");
  EXPECT_EQ(pointer(R"({"id":"a","resources":{"memory":"512MiB"}})"), "/jobs/0/resources/memory");
  EXPECT_EQ(pointer(R"({"id":"a","inputs":{"x":"b"}})"), "/jobs/0/inputs/x");
  EXPECT_EQ(pointer(R"({"id":"a","inputs":{"x":"sha256:12"}})"), "/jobs/0/inputs/x");
  EXPECT_EQ(pointer(R"({"id":"a","inputs":{"x":"b/out.txt","y":{"text":""}}})"), "ok");
}

TEST(SdkProgram, SaysHowItEnded) {
  EXPECT_EQ(pw::ProgramResult::parse(R"({"outcome":"failed","exit":3})").how(), "exited with 3");
  EXPECT_EQ(pw::ProgramResult::parse(R"({"outcome":"failed","exit":-1,"signal":9})").how(),
            "was killed by signal 9");
  EXPECT_EQ(pw::ProgramResult::parse(R"({"outcome":"not_started","error":"no such file"})").how(),
            "could not be started: no such file");
  EXPECT_THROW(pw::ProgramResult::parse("{"), pw::Stop);
}

TEST(SdkSettings, GiveFallbacksForWhatIsMissing) {
  const std::string json = R"({"n":3,"f":true,"t":"x","l":["a","b"],"m":{"k":"v"}})";
  const pw::Settings settings(pw::str("q"), pw::str(json));
  EXPECT_EQ(settings.queue(), "q");
  EXPECT_EQ(settings.num("n", 0), 3);
  EXPECT_EQ(settings.num("t", 7), 7) << "of another type";
  EXPECT_TRUE(settings.flag("f", false));
  EXPECT_EQ(settings.text("t"), "x");
  EXPECT_EQ(settings.list("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(settings.map("m").at("k"), "v");
  EXPECT_FALSE(settings.has("absent"));
  EXPECT_THROW(pw::Settings(pw::str("q"), pw::str("[]")), pw::Stop);
}

}  // namespace
}  // namespace planwright::sdk_test
