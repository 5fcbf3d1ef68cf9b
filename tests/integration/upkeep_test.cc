#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/unavailable.h"
#include "planning/plan_stage.h"
#include "store/inputs.h"
#include "store/jobs.h"
#include "store/plans.h"
#include "support/fake_clock.h"
#include "support/line_fixture.h"
#include "upkeep/forgotten_claims.h"
#include "upkeep/heartbeat.h"
#include "upkeep/reconciler.h"

namespace planwright::upkeep_test {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

class UpkeepTest : public LineFixture {
 protected:
  std::unique_ptr<Reconciler> reconciler(
      std::chrono::milliseconds lease = std::chrono::seconds(15)) {
    return std::make_unique<Reconciler>(Reconciler::Parts{liveConfig, *database,
                                                          std::make_unique<RedisTickets>(redisUrl),
                                                          lease, membership, metrics, bell, clock});
  }
  ForgottenClaims::Parts claims() {
    return {*database,
            membership,
            metrics,
            bell,
            [this] { return held; },
            [] { return std::vector<std::int64_t>{}; }};
  }
  /// As a crash: nobody says goodbye.
  void die(std::int64_t instance) {
    connection->runText("update instances set ended_at = now() where id = " +
                        std::to_string(instance));
  }
  /// A queued plan of the input.
  std::int64_t planOf(std::int64_t input) {
    const auto claimed =
        Inputs(*connection).claim({input}, InstanceId{membership.instance()}, "default");
    PlannedInput planned{InputId{input}, claimed.at(0).fence, {}};
    planned.plan.document = R"({"jobs":[{"id":"job"}]})";
    planned.plan.digest = Digest::of(planned.plan.document);
    planned.plan.summaryJson = "{}";
    planned.plan.jobCount = 1;
    const auto plan = number(Inputs(*connection).finishPlanned({planned}, "default").at(0).plan);
    connection->run("enqueue_plans",
                    {"{" + std::to_string(plan) + "}", false, "test", "all", true});
    return plan;
  }
  std::vector<std::int64_t> held;
  std::unique_ptr<PostgresRecorder> intake = recorder();
};

TEST_F(UpkeepTest, PushesTheTicketsThatAFlushTook) {
  const auto a = record(*intake, "a", "1");
  const auto b = record(*intake, "b", "2");
  tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1));
  auto upkeep = reconciler();
  upkeep->step();
  EXPECT_THAT(tickets()->all("plan_queue"), ElementsAre(a, b));
  upkeep->step();
  EXPECT_EQ(tickets()->length("plan_queue"), 2) << "nothing is missing any more";
  EXPECT_EQ(upkeep->repairs()["missing_ticket"], 2);
}

TEST_F(UpkeepTest, PushesALongQueueInPagesAndOnlyWhatIsMissing) {
  constexpr std::int64_t kItems = 25'000;  // more than two pages
  connection->runText(
      "insert into pending_inputs (queue, source, filename, generation, digest, size, queued_at) "
      "select 'default', 'folder', 'f' || n, 1, 'sha256:' || repeat('0', 64), 1, now() from "
      "generate_series(1, " +
      std::to_string(kItems) + ") n");
  auto upkeep = reconciler();
  upkeep->step();
  auto ids = tickets()->all("plan_queue");
  ASSERT_EQ(ids.size(), kItems);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << "in the order of the queue";
  const auto lost = tickets()->pop("plan_queue", 7, std::chrono::milliseconds(1));
  upkeep->step();
  ids = tickets()->all("plan_queue");
  ASSERT_EQ(ids.size(), kItems);
  EXPECT_THAT(std::vector(ids.end() - 7, ids.end()), ElementsAreArray(lost));
}

TEST_F(UpkeepTest, GivesBackWhatADeadInstanceHeld) {
  const auto id = record(*intake, "a", "1");
  const auto other = join("host-b");
  ASSERT_EQ(Inputs(*connection).claim({id}, InstanceId{other}, "default").size(), 1u);
  connection->runText("update instances set heartbeat_at = now() - interval '1 hour' where id = " +
                      std::to_string(other));
  auto upkeep = reconciler(std::chrono::milliseconds(0));
  upkeep->step();
  EXPECT_EQ(text("select status || ' ' || (queued_at is not null) from pending_inputs"),
            "pending true");
  EXPECT_EQ(text("select count(*) from instances where ended_at is not null"), "1");
}

TEST_F(UpkeepTest, TakesTheSourceFromADeadInstanceThatNeverLetGo) {
  Membership stopped;
  stopped.become(join("host-b"));
  PostgresRecorder theirs(newSourceSession(*database), tickets(), bell, stopped, 3);
  ASSERT_TRUE(theirs.isHolder("default", "folder"));
  ASSERT_FALSE(intake->isHolder("default", "folder"));
  connection->runText("update instances set heartbeat_at = now() - interval '1 hour' where id = " +
                      std::to_string(stopped.instance()));
  reconciler(std::chrono::milliseconds(0))->step();
  EXPECT_TRUE(eventually([&] { return intake->isHolder("default", "folder"); }));
  EXPECT_THROW(theirs.isHolder("default", "folder"), Unavailable) << "its session is over";
  EXPECT_FALSE(theirs.isHolder("default", "folder"));
}

TEST_F(UpkeepTest, TheServerEndsTheSessionOfASilentReconciler) {
  auto silent = database->dedicated();
  ASSERT_TRUE(silent->run("reconcile_lock", {"200"}).flag(0, 0));
  auto upkeep = reconciler();
  record(*intake, "a", "1");
  tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1));
  EXPECT_TRUE(eventually([&] {
    upkeep->step();
    return tickets()->length("plan_queue") == 1;
  })) << "another may take its place";
  EXPECT_THROW(silent->run("reconcile_lock", {"200"}), Unavailable);
}

TEST_F(UpkeepTest, JudgesNobodyBeforeItSawPostgresForALease) {
  const auto other = join("host-b");
  connection->runText("update instances set heartbeat_at = now() - interval '1 hour' where id = " +
                      std::to_string(other));
  reconciler()->step();
  EXPECT_EQ(text("select count(*) from instances where ended_at is not null"), "0");
}

TEST_F(UpkeepTest, AnInputThatTwoHostsDiedWithAloneIsPoisonUntilAPersonAsks) {
  const auto id = record(*intake, "a", "1");
  for (const bool alone : {false, true}) {
    const auto other = join("host-b");
    ASSERT_EQ(Inputs(*connection).claim({id}, InstanceId{other}, "default", alone).size(), 1u);
    die(other);
    connection->run("release_inputs");
  }
  EXPECT_EQ(text("select status || ' ' || class || ' ' || reason_code from pending_inputs"),
            "failed bug worker_lost");
  EXPECT_THAT(text("select error from pending_inputs"), testing::HasSubstr("Poison: 2 hosts died"));
  EXPECT_EQ(text("select queued_at is null from pending_inputs"), "t");
  connection->run("enqueue_inputs", {"{" + std::to_string(id) + "}", false, "test"});
  EXPECT_EQ(text("select deaths || ' ' || alone from pending_inputs"), "0 true");
}

TEST_F(UpkeepTest, InputsThatAHostDiedWithTogetherRunSinglyAndNoneIsBlamed) {
  std::vector<std::int64_t> ids;
  for (const std::string name : {"a", "b", "c"}) ids.push_back(record(*intake, name, name));
  for (int i = 0; i < 5; ++i) {  // more often than anything is retried
    const auto other = join("host-b");
    ASSERT_EQ(Inputs(*connection).claim(ids, InstanceId{other}, "default", i > 0).size(), 3u) << i;
    die(other);
    connection->run("release_inputs");
  }
  EXPECT_EQ(text("select string_agg(distinct status || ' ' || deaths || ' ' || alone, ',') from "
                 "pending_inputs"),
            "pending 0 true");
  connection->runText("delete from events");
  PlanStage stage(*host, liveQueue(), nullptr, 3);
  ASSERT_TRUE(becomes("select count(*) from pending_inputs where status = 'planned'", "3"));
  EXPECT_EQ(
      text("select string_agg(type, ' ' order by id) from events where type in "
           "('input.planning', 'input.planned')"),
      "input.planning input.planned input.planning input.planned input.planning input.planned")
      << "nothing else is under way beside one of them";
}

TEST_F(UpkeepTest, WhatAHostHeldThatLeftByItselfIsNoDeath) {
  const auto id = record(*intake, "a", "1");
  const auto other = join("host-b");
  ASSERT_EQ(Inputs(*connection).claim({id}, InstanceId{other}, "default").size(), 1u);
  connection->run("instance_end", {other});
  connection->run("release_inputs");
  EXPECT_EQ(text("select status || ' ' || deaths || ' ' || alone from pending_inputs"),
            "pending 0 false");
}

/// 56 plans waited minutes for the rest of a build whose first jobs had shown nothing bad.
TEST_F(UpkeepTest, APlanThatAdvancedUntilItsHostDiedNeedsNoTurnAlone) {
  const auto plan = planOf(record(*intake, "a", "1"));
  for (const bool isAdvanced : {true, false}) {
    const auto other = join("host-b");
    const auto claimed = Plans(*connection).claim({plan}, InstanceId{other}, "default");
    ASSERT_EQ(claimed.size(), 1u);
    if (isAdvanced) {
      NewJob row{claimed[0].build, claimed[0].id, claimed[0].fence, "job", 0, "[]"};
      row.status = JobStatus::Running;
      Jobs(*connection).insert({row}, InstanceId{other}, "default");
      connection->runText("update jobs set status = 'succeeded'");
    }
    die(other);
    connection->run("release_plans");
    EXPECT_EQ(text("select alone from plans"), isAdvanced ? "f" : "t")
        << "the job that succeeded before is no news of the second claim";
  }
}

TEST_F(UpkeepTest, APlanThatTwoHostsDiedWithAloneEndsItsBuild) {
  const auto plan = planOf(record(*intake, "a", "1"));
  for (const bool alone : {false, true}) {
    const auto other = join("host-b");
    const auto claimed = Plans(*connection).claim({plan}, InstanceId{other}, "default", alone);
    ASSERT_EQ(claimed.size(), 1u);
    NewJob row{claimed[0].build, claimed[0].id, claimed[0].fence, "job", 0, "[]"};
    row.status = JobStatus::Running;
    Jobs(*connection).insert({row}, InstanceId{other}, "default");
    die(other);
    connection->run("release_plans");
  }
  EXPECT_EQ(text("select status || ' ' || reason_code from plans"), "failed worker_lost");
  EXPECT_EQ(text("select status || ' ' || build_open from plans"), "failed false");
  EXPECT_EQ(text("select string_agg(status, ' ') from builds"), "failed");
  EXPECT_EQ(text("select status || ' ' || class from jobs"), "failed bug");
  EXPECT_EQ(text("select count(*) from job_attempts where ended_at is null"), "0");
}

TEST_F(UpkeepTest, GivesBackAClaimThatNoThreadOfOursKnows) {
  const auto id = record(*intake, "a", "1");
  ASSERT_EQ(Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default").size(),
            1u);
  ForgottenClaims forgotten(claims());
  forgotten.step();
  EXPECT_EQ(text("select status from pending_inputs"), "planning") << "one look may be too early";
  forgotten.step();
  EXPECT_EQ(text("select status from pending_inputs"), "pending");
  EXPECT_EQ(metrics.value("planwright_reconcile_repairs_total", {{"kind", "forgotten_input"}}), 1);
}

TEST_F(UpkeepTest, LeavesAClaimAloneThatAThreadHolds) {
  held = {record(*intake, "a", "1")};
  ASSERT_EQ(Inputs(*connection).claim(held, InstanceId{membership.instance()}, "default").size(),
            1u);
  ForgottenClaims forgotten(claims());
  for (int look = 0; look < 3; ++look) forgotten.step();
  EXPECT_EQ(text("select status from pending_inputs"), "planning");
}

TEST_F(UpkeepTest, OnlyOneInstanceReconciles) {
  record(*intake, "a", "1");
  tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1));
  auto first = reconciler();
  auto second = reconciler();
  first->step();
  tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1));
  second->step();
  EXPECT_EQ(tickets()->length("plan_queue"), 0);
  first.reset();
  EXPECT_TRUE(eventually([&] {  // the server notices the closed session a moment later
    second->step();
    return tickets()->length("plan_queue") == 1;
  }));
}

TEST_F(UpkeepTest, AnInstanceThatWasDeclaredDeadComesBackAsAnother) {
  int lost = 0;
  Membership member;
  Heartbeat beat(*database, {"host-c", "test", "plan", "0", 1}, std::chrono::hours(1), member,
                 {[] { return "{}"; }, [&] { ++lost; }});
  const auto before = member.instance();
  beat.step();
  EXPECT_EQ(lost, 0);
  connection->run("instance_end", {before});
  beat.step();
  EXPECT_EQ(lost, 1);
  EXPECT_NE(member.instance(), before);
  EXPECT_TRUE(member.mayClaim());
}

class StallTest : public UpkeepTest {
 protected:
  StallTest() { record(*intake, "a", "1"); }
  double look() {
    watch.step(*connection);
    return metrics.value("planwright_stalled", {{"queue", "plan_queue"}});
  }
  std::string told() {
    return text(
        "select coalesce(string_agg(type, ' ' order by id), '') from events "
        "where type in ('queue.stalled', 'queue.moving')");
  }
  FakeClock time;
  StallWatch watch{liveConfig, time, metrics, bell};
};

TEST_F(StallTest, TellsOfWorkThatNobodyTakesAndWhenItMovesAgain) {
  EXPECT_EQ(look(), 0);
  time.advance(std::chrono::seconds(59));
  EXPECT_EQ(look(), 0) << "it may still be taken";
  time.advance(std::chrono::seconds(1));
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(look(), 1);
  EXPECT_EQ(told(), "queue.stalled") << "once";
  connection->runText("update pending_inputs set status = 'planning', queued_at = null");
  EXPECT_EQ(look(), 0);
  EXPECT_EQ(told(), "queue.stalled queue.moving");
}

TEST_F(StallTest, ALongQueueBehindBusyWorkersIsNone) {
  look();
  for (const char* name : {"b", "c"}) {
    const auto id = record(*intake, name, name);
    Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default");
  }
  time.advance(std::chrono::hours(1));
  EXPECT_EQ(look(), 0);
  connection->runText(
      "update pending_inputs set updated_at = now() - interval '11 minutes' "
      "where status = 'planning'");
  time.advance(std::chrono::hours(1));
  EXPECT_EQ(look(), 1) << "planners that are stuck themselves are no excuse";
}

/// The host reported its own precaution.
TEST_F(StallTest, WhatWaitsForATurnAloneIsNone) {
  const auto other = record(*intake, "b", "b");
  Inputs(*connection).claim({other}, InstanceId{membership.instance()}, "default");
  connection->runText("update pending_inputs set alone = true where filename = 'a'");
  look();
  time.advance(std::chrono::minutes(9));
  EXPECT_EQ(look(), 0) << "it waits until the other has ended";
  connection->runText("update pending_inputs set status = 'planned' where filename = 'b'");
  record(*intake, "c", "c");
  const auto id = connection->runText("select id from pending_inputs where alone").number(0, 0);
  ASSERT_EQ(
      Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default", true).size(),
      1u);
  look();
  time.advance(std::chrono::hours(1));
  EXPECT_EQ(look(), 0) << "all others wait for it";
  EXPECT_EQ(told(), "");
}

TEST_F(StallTest, AnItemThatIsToRunAloneIsWatchedLikeAnyOther) {
  connection->runText("update pending_inputs set alone = true");
  look();
  time.advance(std::chrono::minutes(1));
  EXPECT_EQ(look(), 1);
  PlanStage stage(*host, liveQueue(), nullptr, 2);
  ASSERT_TRUE(becomes("select status from pending_inputs", "planned"));
  EXPECT_EQ(look(), 0) << "its turn came";
}

TEST_F(StallTest, APausedQueueIsNone) {
  set("plan_paused = true");
  look();
  time.advance(std::chrono::hours(1));
  EXPECT_EQ(look(), 0);
}

TEST_F(UpkeepTest, ContentThatComesBackIsANewInput) {
  EXPECT_NE(record(*intake, "f", "A"), 0);
  EXPECT_EQ(record(*intake, "f", "A"), 0) << "same content";
  EXPECT_NE(record(*intake, "f", "B"), 0);
  EXPECT_NE(record(*intake, "f", "A"), 0);
  EXPECT_EQ(text("select string_agg(generation::text, ' ' order by id) from pending_inputs"),
            "1 2 3");
}

TEST_F(UpkeepTest, LatestSupersedesWhatIsNotPlannedYet) {
  record(*intake, "f", "A", OverwritePolicy::Latest);
  record(*intake, "f", "B", OverwritePolicy::Latest);
  EXPECT_EQ(text("select string_agg(status, ' ' order by id) from pending_inputs"),
            "superseded pending");
  EXPECT_EQ(text("select superseded_by = (select max(id) from pending_inputs) from pending_inputs "
                 "order by id limit 1"),
            "t");
}

TEST_F(UpkeepTest, OnlyOneRecorderHoldsASource) {
  EXPECT_TRUE(intake->isHolder("default", "folder"));
  auto second = recorder();
  EXPECT_FALSE(second->isHolder("default", "folder"));
  EXPECT_TRUE(second->isHolder("default", "other"));
  EXPECT_EQ(record(*second, "f", "A"), 0);
  EXPECT_EQ(text("select count(*) from pending_inputs"), "0");
  intake.reset();
  EXPECT_TRUE(eventually([&] { return second->isHolder("default", "folder"); }));
}

TEST_F(UpkeepTest, RedisTicketsComeOutInOrderAndInGroups) {
  auto list = tickets();
  EXPECT_EQ(list->push("x", {1, 2, 3}), 3);
  EXPECT_THAT(list->pop("x", 2, std::chrono::milliseconds(10)), ElementsAre(1, 2));
  EXPECT_EQ(list->length("x"), 1);
  EXPECT_THAT(list->pop("x", 2, std::chrono::milliseconds(10)), ElementsAre(3));
  EXPECT_TRUE(list->pop("x", 2, std::chrono::milliseconds(10)).empty());
}

}  // namespace
}  // namespace planwright::upkeep_test
