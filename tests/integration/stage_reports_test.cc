#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "building/build_stage.h"
#include "planning/plan_stage.h"
#include "support/line_fixture.h"

namespace planwright::stage_reports_test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A planner and builder that tell all that a call may, and too much of it.
class ReportsTest : public LineFixture {
 protected:
  ReportsTest()
      : maker([](const ProgramSpec& spec) {
          replaceFile(spec.cwd + "/trace.txt", "made");
          return ProgramExit{.code = 0};
        }) {
    const auto place = folder / "tellers";
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(BINARY_DIR "/tests/plugins/teller.so", place / "teller.so");
    plugins = std::make_shared<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins", place}, folder / "plugins", folder / "stage-work"},
        maker);
    std::ofstream(folder / "token") << "correct horse battery";
    const std::string settings = fmt::format(R"({{"wait":"{}"}})", (folder / "wait").string());
    usePlanner("test.teller", settings);
    queue.planners[0].pluginSecrets = {{"token", {folder / "token", ""}}};
    queue.builder.plugin = "test.teller";
    queue.builder.settingsJson = settings;
    queue.builder.pluginSecrets = queue.planners[0].pluginSecrets;
  }
  void drop(const std::string& content = "hello") {
    record(*intake, "a" + std::to_string(++count_), content);
    connection->runText(fmt::format("update pending_inputs set trace_id = '{}'", kTrace));
  }
  std::string told(const std::string& kind, const std::string& what) {
    return text(fmt::format(
        "select {} from events where subject like '{}/%' and type like 'reported.%'", what, kind));
  }

  ScriptedPrograms maker;
  std::unique_ptr<PostgresRecorder> intake = recorder();
  int count_ = 0;
};

TEST_F(ReportsTest, EventsOfACallComeWithItsEnd) {
  drop();
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  ASSERT_TRUE(becomes("select status from pending_inputs", "planned"));
  EXPECT_EQ(told("input", "count(*)"), "100");
  EXPECT_EQ(told("input", "(array_agg(type order by id))[1:4]"),
            "{reported.trace,reported.first,reported.input.planned,reported.many}");
  EXPECT_EQ(told("input", "string_agg(distinct actor, ',')"), "test.teller");
  EXPECT_EQ(told("input", "min(body ->> 'token')"), "***");
  EXPECT_EQ(told("input", "max((body ->> 'n')::int)"), "96");
  EXPECT_EQ(text("select count(*) from events where type = 'input.planned'"), "1")
      << "a plugin cannot tell one of the host's";
  EXPECT_GE(metrics.value("planwright_plugin_reports_dropped_total",
                          {{"plugin", "test.teller"}, {"what", "event"}, {"why", "size"}}),
            1);
}

TEST_F(ReportsTest, EventsOfARejectedInputStay) {
  drop("reject this");
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  ASSERT_TRUE(becomes("select status from pending_inputs", "failed"));
  EXPECT_EQ(told("input", "count(*)"), "100");
}

TEST_F(ReportsTest, ProgressIsInTheRowWhileTheCallRuns) {
  std::ofstream(folder / "wait") << "";
  drop();
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  EXPECT_TRUE(
      becomes("select progress ->> 'done' || ' of ' || (progress ->> 'total') || ' ' || (progress "
              "->> 'note') "
              "|| ' ' || (progress ->> 'attempt') from pending_inputs",
              "2 of 4 waits 1"));
  std::filesystem::remove(folder / "wait");
  becomes("select status from pending_inputs", "planned");
}

TEST_F(ReportsTest, AJobTellsAndItsProgramHasTheTrace) {
  std::ofstream(folder / "wait") << "";
  drop();
  set("auto_build = true");
  PlanStage planning(*host, liveQueue(), nullptr, 1);
  BuildStage stage(*host, liveQueue(), 1, 1);
  ASSERT_TRUE(eventually(
      [&] { return text("select progress ->> 'note' from pending_inputs") == "waits"; }));
  std::filesystem::remove(folder / "wait");
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(told("job", "count(*)"), "100");
  const std::string ofPlan = text(
      "select body ->> 'traceparent' from events where type = 'reported.trace' and subject like "
      "'input/%'");
  const std::string ofJob = text(
      "select body ->> 'traceparent' from events where type = 'reported.trace' and subject like "
      "'job/%'");
  const std::string pattern = fmt::format("00-{}-[0-9a-f]{{16}}-01", kTrace);
  EXPECT_THAT(ofPlan, MatchesRegex(pattern));
  EXPECT_THAT(ofJob, MatchesRegex(pattern));
  EXPECT_NE(ofPlan, ofJob);
  ASSERT_EQ(maker.ran.size(), 1u);
  EXPECT_THAT(maker.ran[0].env, testing::Contains("TRACEPARENT=" + ofJob));
}

TEST_F(ReportsTest, MetricsAreAtTheHostsWithinBounds) {
  drop();
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  ASSERT_TRUE(becomes("select status from pending_inputs", "planned"));
  const std::string text = metrics.text();
  EXPECT_THAT(text,
              HasSubstr("planwright_plugin_planned_total{index=\"pypi\",plugin=\"test.teller\","
                        "queue=\"default\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("planwright_plugin_last_size{plugin=\"test.teller\","));
  EXPECT_THAT(text, HasSubstr("# TYPE planwright_plugin_planned_seconds histogram"));
  EXPECT_THAT(text, Not(HasSubstr("somebody.else")));
  EXPECT_GT(metrics.value("planwright_plugin_reports_dropped_total",
                          {{"plugin", "test.teller"}, {"what", "metric"}, {"why", "series"}}),
            600);
}

}  // namespace
}  // namespace planwright::stage_reports_test
