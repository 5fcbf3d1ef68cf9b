#include "planning/plan_stage.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "store/inputs.h"
#include "support/line_fixture.h"

namespace planwright::plan_stage_test {
namespace {

using testing::HasSubstr;

class PlanStageTest : public LineFixture {
 protected:
  std::unique_ptr<PostgresRecorder> intake = recorder();
};

TEST_F(PlanStageTest, PlansAQueuedInputAndLeavesThePlanForAPerson) {
  PlanStage stage(*host, liveQueue(), nullptr, 2);
  record(*intake, "a.txt", "hello");
  ASSERT_TRUE(becomes("select status from pending_inputs", "planned"));
  EXPECT_EQ(text("select status || ' ' || (queued_at is null) from plans"), "ready_for_build true");
  EXPECT_EQ(tickets()->length("build_queue"), 0);
  EXPECT_EQ(text("select string_agg(type, ' ' order by id) from events"),
            "input.recorded input.planning input.planned plan.ready_for_build");
}

/// A planner that asks for the secret `token`.
class PlanSecretTest : public PlanStageTest {
 protected:
  PlanSecretTest() {
    plugins = std::make_shared<Plugins>(
        PluginOptions{{BINARY_DIR "/tests/plugins"}, folder / "plugins", folder / "stage-work"},
        programs);
    usePlanner("test.faulty", R"({"how":"secret"})");
    std::ofstream(folder / "token") << "hunter2\n";
  }
};

TEST_F(PlanSecretTest, ItGetsWhatItsStageNames) {
  queue.planners[0].pluginSecrets = {{"token", {folder / "token", ""}}};
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "hello");
  becomes("select status from pending_inputs", "planned");
}

TEST_F(PlanSecretTest, WithoutItTheQueueIsHeldAndSaysWhatToWrite) {
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "hello");
  becomes(
      "select status || ' ' || attempt from pending_inputs where exists "
      "(select from queues where plan_held like '%The secret token is not granted%')",
      "pending 0");
}

/// The job would fail, as often as one builds it.
TEST_F(PlanStageTest, APlanWithABlobThatNobodyHasIsRefused) {
  usePlanner("planwright.recipe");
  const std::string there = blobs->stageBytes("known").digest.text();
  connection->run("record_blobs", {"{" + there + "}", "{5}", "{" + toHex("known") + "}"});
  const auto recipe = [](const std::string& digest) {
    return "jobs: {a: {command: x, inputs: {f: " + digest + "}}}";
  };
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "good", recipe(there));
  ASSERT_TRUE(becomes("select status from pending_inputs where filename = 'good'", "planned"));
  const std::string unknown = Digest::of("unknown").text();
  record(*intake, "bad", recipe(unknown));
  ASSERT_TRUE(becomes("select status from pending_inputs where filename = 'bad'", "failed"));
  EXPECT_THAT(text("select error from pending_inputs where filename = 'bad'"),
              HasSubstr("There is no blob " + unknown + ", which is the input \"f\" of job a"));
  EXPECT_EQ(text("select count(*) from plans"), "1");
}

TEST_F(PlanStageTest, AnItemIsPlannedWithTheGenerationThatItBeginsWith) {
  queue.planners[0].settingsJson = R"({"jobs":1,"sleep":300})";
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "slow", "1");
  ASSERT_TRUE(becomes("select status from pending_inputs", "planning"));
  ASSERT_TRUE(eventually([&] { return stage.busy() == 1; }));
  const std::weak_ptr<const QueueGeneration> old = liveQueue().now();
  queue.planners[0].settingsJson = R"({"jobs":3})";
  liveQueue();
  EXPECT_FALSE(old.expired()) << "the item that runs has it";
  record(*intake, "quick", "2");
  ASSERT_TRUE(becomes("select count(*) from plans", "2"));
  EXPECT_EQ(text("select string_agg(job_count::text, ' ' order by id) from plans"), "1 3");
  EXPECT_TRUE(eventually([&] { return old.expired(); })) << "nobody needs it any more";
}

TEST_F(PlanStageTest, ALargeDocumentIsInTheDatabaseToo) {
  queue.planners[0].settingsJson = R"({"jobs":5000})";
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "hello");
  ASSERT_TRUE(becomes("select status from pending_inputs", "planned"));
  EXPECT_EQ(text("select b.size > 16384 and b.content is not null from blobs b join plans p on "
                 "p.plan_digest = b.digest"),
            "t");
}

TEST_F(PlanStageTest, HandsThePlanOnWhenAutoBuildIsOn) {
  set("auto_build = true");
  PlanStage stage(*host, liveQueue(), nullptr, 2);
  record(*intake, "a.txt", "hello");
  ASSERT_TRUE(becomes("select (queued_at is not null)::text from plans", "true"));
  EXPECT_TRUE(eventually([&] { return tickets()->length("build_queue") == 1; }));
}

TEST_F(PlanStageTest, ANewInputGoesStraightToAnIdlePlannerOfItsHost) {
  PlanStage stage(*host, liveQueue(), nullptr, 2);
  auto direct = recorder(&stage.door());
  ASSERT_TRUE(eventually([&] { return stage.door().reserve(1) == 1; }))
      << "its claimer found nothing";
  stage.door().receive({}, 1);
  record(*direct, "a.txt", "hello");
  ASSERT_TRUE(becomes("select status || ' ' || fence || ' ' || attempt from pending_inputs",
                      "planned 1 1"));
  EXPECT_EQ(text("select string_agg(type, ' ' order by id) from events"),
            "input.recorded input.planning input.planned plan.ready_for_build");
}

TEST_F(PlanStageTest, NoNewInputOvertakesOneThatWaits) {
  set("plan_paused = true");
  record(*intake, "old.txt", "1");
  PlanStage stage(*host, liveQueue(), nullptr, 0);
  auto direct = recorder(&stage.door());
  intake.reset();  // the source is held by one recorder at a time
  ASSERT_TRUE(eventually([&] { return direct->isHolder("default", "folder"); }));
  record(*direct, "new.txt", "2");
  EXPECT_EQ(text("select count(*) from pending_inputs where queued_at is not null"), "2");
  EXPECT_EQ(tickets()->all("plan_queue"), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(PlanStageTest, AClaimMadeWithTheRecordPassesNoClosedGate) {
  struct AlwaysOpen final : NextStage<ClaimedInput> {
    std::size_t reserve(std::size_t most) override { return most; }
    void receive(std::vector<ClaimedInput> now, std::size_t) override { claimed += now.size(); }
    std::size_t claimed = 0;
  } door;
  auto direct = recorder(&door);
  for (const char* gate : {"auto_plan = false", "plan_paused = true", "plan_held = 'x'"}) {
    set(gate);
    record(*direct, std::string(gate) + ".txt", "1");
    set("auto_plan = true, plan_paused = false, plan_held = ''");
  }
  connection->runText("update instances set ended_at = now()");
  record(*direct, "after-the-lease.txt", "1");
  EXPECT_EQ(door.claimed, 0u);
  EXPECT_EQ(text("select string_agg(distinct status || fence, ' ') from pending_inputs"),
            "pending0");
}

TEST_F(PlanStageTest, APlanGoesStraightToAnIdleBuilderOfItsHost) {
  struct Door final : NextStage<ClaimedPlan> {
    std::size_t reserve(std::size_t most) override { return std::min<std::size_t>(most, 1); }
    void receive(std::vector<ClaimedPlan> now, std::size_t) override {
      for (auto& plan : now) claimed.lock()->push_back(std::move(plan));
    }
    Guarded<std::vector<ClaimedPlan>> claimed;
  } door;
  set("auto_build = true");
  PlanStage stage(*host, liveQueue(), &door, 1);
  record(*intake, "a.txt", "hello");
  ASSERT_TRUE(eventually([&] { return !door.claimed.lock()->empty(); }));
  const ClaimedPlan claim = door.claimed.lock()->front();
  EXPECT_EQ(claim.fence, 1);
  EXPECT_EQ(text("select p.status || ' ' || p.build_id || ' ' || b.status || ' ' || b.fence "
                 "from plans p join builds b on b.plan_id = p.id"),
            fmt::format("building {} building 1", number(claim.build)));
  EXPECT_EQ(tickets()->length("build_queue"), 0);
  EXPECT_EQ(
      text("select string_agg(type, ' ' order by id) from events where subject like 'plan/%'"),
      "plan.ready_for_build plan.building");
}

TEST_F(PlanStageTest, ATicketPushedByHandDoesNotPassTheGate) {
  set("auto_plan = false");
  const auto held = record(*intake, "held.txt", "1");
  PlanStage stage(*host, liveQueue(), nullptr, 2);
  tickets()->push("plan_queue", {held, 424242});
  set("auto_plan = true");
  record(*intake, "free.txt", "2");
  ASSERT_TRUE(becomes("select status from pending_inputs where filename = 'free.txt'", "planned"));
  EXPECT_EQ(text("select status from pending_inputs where filename = 'held.txt'"), "pending");
}

TEST_F(PlanStageTest, WorksWithoutASingleTicket) {
  record(*intake, "a.txt", "1");
  tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1));  // lost
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  EXPECT_TRUE(becomes("select status from pending_inputs", "planned"));
}

TEST_F(PlanStageTest, APausedStageClaimsNothing) {
  set("plan_paused = true");
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  const auto id = record(*intake, "a.txt", "1");
  EXPECT_TRUE(
      Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default").empty());
  set("plan_paused = false");
  EXPECT_TRUE(becomes("select status from pending_inputs", "planned"));
}

TEST_F(PlanStageTest, AFileThatNoPlannerTakesFailsWithThePatterns) {
  queue.planners[0].match = "requirements*.txt";
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.zip", "1");
  ASSERT_TRUE(becomes("select status from pending_inputs", "failed"));
  EXPECT_THAT(text("select error from pending_inputs"), HasSubstr("requirements*.txt"));
  EXPECT_EQ(text("select reason_code from pending_inputs"), "planner_rejected_input");
}

TEST_F(PlanStageTest, WrongSettingsHoldTheQueueAndFailNothing) {
  usePlanner("planwright.noop-planner", R"({"jobs":"many"})");
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "1");
  ASSERT_TRUE(becomes("select (plan_held <> '')::text from queues", "true"));
  EXPECT_THAT(text("select plan_held from queues"), HasSubstr("jobs"));
  EXPECT_TRUE(becomes("select status || ' ' || attempt from pending_inputs", "pending 0"));
}

TEST_F(PlanStageTest, StoppingGivesClaimsBackUnharmed) {
  usePlanner("planwright.noop-planner", R"({"sleep":60000})");
  {
    PlanStage stage(*host, liveQueue(), nullptr, 1);
    record(*intake, "a.txt", "1");
    ASSERT_TRUE(becomes("select status from pending_inputs", "planning"));
  }
  EXPECT_EQ(
      text("select status || ' ' || attempt || ' ' || (queued_at is not null) from pending_inputs"),
      "pending 0 true");
}

TEST_F(PlanStageTest, ADeadlineEndsACallAndSaysSo) {
  usePlanner("planwright.noop-planner", R"({"sleep":60000})");
  queue.planners[0].deadline = std::chrono::milliseconds(100);
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "1");
  ASSERT_TRUE(becomes("select status from pending_inputs", "failed"));
  EXPECT_EQ(text("select reason_code from pending_inputs"), "timeout");
}

TEST_F(PlanStageTest, EachClassOfFailureHasABudgetOfItsOwnThatIsKept) {
  usePlanner("planwright.noop-planner", R"({"sleep":60000})");
  queue.planners[0].deadline = std::chrono::milliseconds(10);
  queue.retry.timeout = 1;
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  record(*intake, "a.txt", "1");
  ASSERT_TRUE(becomes("select status || ' ' || attempt from pending_inputs", "failed 2"));
  EXPECT_EQ(text("select class || ' ' || reason_code || ' ' || spent::text from pending_inputs"),
            R"(timeout timeout {"timeout": 1})");
  EXPECT_EQ(text("select string_agg(type, ' ' order by id) from events where type like 'input.%y' "
                 "or type = 'input.failed'"),
            "input.retry input.failed");
}

TEST_F(PlanStageTest, ALateResultIsRefusedByTheFence) {
  const auto id = record(*intake, "a.txt", "1");
  const auto claimed =
      Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default");
  ASSERT_EQ(claimed.size(), 1u);
  connection->runText("update pending_inputs set fence = fence + 1");  // somebody else claimed it
  PlannedInput late{InputId{id}, claimed[0].fence, {}};
  late.plan.document = "{}";
  late.plan.digest = Digest::of("{}");
  late.plan.summaryJson = "{}";
  EXPECT_TRUE(Inputs(*connection).finishPlanned({late}, "default").empty());
  EXPECT_EQ(text("select count(*) from plans"), "0");
}

TEST_F(PlanStageTest, ACommitWhoseAnswerWasLostIsFoundAgain) {
  const auto id = record(*intake, "a.txt", "1");
  const auto claimed =
      Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default");
  PlannedInput planned{InputId{id}, claimed.at(0).fence, {}};
  planned.plan.document = "{}";
  planned.plan.digest = Digest::of("{}");
  planned.plan.summaryJson = "{}";
  const auto first = Inputs(*connection).finishPlanned({planned}, "default");
  const auto again = Inputs(*connection).finishPlanned({planned}, "default");
  ASSERT_EQ(first.size(), 1u);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].plan, first[0].plan);
  EXPECT_EQ(text("select count(*) from plans"), "1");
}

TEST_F(PlanStageTest, HundredsOfItemsShareAFewCommits) {
  set("plan_paused = true");
  for (int i = 0; i < 300; ++i)
    record(*intake, "f" + std::to_string(i), "content " + std::to_string(i));
  set("plan_paused = false");
  PlanStage stage(*host, liveQueue(), nullptr, 4);
  ASSERT_TRUE(becomes("select count(*) from pending_inputs where status = 'planned'", "300"));
  EXPECT_EQ(text("select count(distinct plan_digest) from plans"), "300");
  // One transaction id per commit: claims and results went in groups.
  EXPECT_LT(std::stol(text("select count(distinct xid) from events where type in "
                           "('input.planning', 'input.planned')")),
            200);
}

}  // namespace
}  // namespace planwright::plan_stage_test
