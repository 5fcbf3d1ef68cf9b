#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "control/pages.h"
#include "store/pg_array.h"
#include "support/control_fixture.h"
#include "support/eventually.h"
#include "support/log_files.h"

namespace planwright::control_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ControlTest : public ControlFixture {
 protected:
  std::string reasonOf(Listed what, std::int64_t id) {
    const auto document = parsed(*control_->listings.item(what, id));
    const JsonValue* reason = find(document, "reason");
    return reason && reason->IsObject() ? textOr(*reason, "code") : "";
  }
  std::string statusOf(Listed what, std::int64_t id) {
    return textOr(parsed(*control_->listings.item(what, id)), "status");
  }
  JsonDocument page(Listed what, const ListQuery& query) {
    const auto json = control_->listings.list(what, query);
    EXPECT_TRUE(json) << json.error().message;
    return parsed(*json);
  }
};

TEST_F(ControlTest, AnUploadIsRecordedOnceForTheSameContent) {
  const auto first = control_->actions.upload({.queue = "default",
                                               .filename = "team/req.txt",
                                               .blob = blobs_.stageBytes("flask"),
                                               .traceId = {}});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->isNew);
  const auto again = control_->actions.upload({.queue = "default",
                                               .filename = "team/req.txt",
                                               .blob = blobs_.stageBytes("flask"),
                                               .traceId = {}});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->isNew);
  EXPECT_EQ(again->id, first->id);
  const auto item = parsed(first->itemJson);
  EXPECT_EQ(textOr(item, "status"), "pending");
  EXPECT_EQ(textOr(item, "source"), "upload");
  EXPECT_EQ(numberOr(item, "size", 0), 5);
  EXPECT_FALSE(boolOr(item, "queued", true));
}

TEST_F(ControlTest, AnUploadNeedsARelativeName) {
  for (const std::string name : {"", "/etc/x", "a/../b", "a//b", "a\nb", "."}) {
    const auto done = control_->actions.upload(
        {.queue = "default", .filename = name, .blob = blobs_.stageBytes("x"), .traceId = {}});
    ASSERT_FALSE(done) << name;
    EXPECT_EQ(done.error().kind, ErrorKind::Invalid);
  }
}

TEST_F(ControlTest, GeneratePlanQueuesTheInputOnceAndPushesItsId) {
  const auto id = upload("a.txt", "1");
  EXPECT_EQ(reasonOf(Listed::Inputs, id), "manual_mode");
  const auto first = control_->actions.enqueuePlan(id, false, "test");
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->wasQueued);
  EXPECT_EQ(first->list, "plan_queue");
  EXPECT_EQ(first->position, 1);
  EXPECT_THAT(redis_->lists["plan_queue"], ElementsAre(id));
  EXPECT_EQ(reasonOf(Listed::Inputs, id), "waiting_for_worker");
  const auto again = control_->actions.enqueuePlan(id, false, "test");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->wasQueued);
  EXPECT_EQ(again->position, 1);
  EXPECT_THAT(redis_->lists["plan_queue"], ElementsAre(id));
}

TEST_F(ControlTest, GeneratePlanWorksWhileRedisIsAway) {
  const auto id = upload("a.txt", "1");
  redis_->isAway = true;
  const auto done = control_->actions.enqueuePlan(id, false, "test");
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->wasQueued);
  EXPECT_EQ(done->position, 1);
}

TEST_F(ControlTest, APlannedInputIsPlannedAgainOnlyByForce) {
  const auto id = upload("a.txt", "1");
  planInput(id, "a b");
  const auto refused = control_->actions.enqueuePlan(id, false, "test");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "already-planned");
  EXPECT_TRUE(control_->actions.enqueuePlan(id, true, "test"));
  EXPECT_EQ(control_->actions.enqueuePlan(999, false, "test").error().kind, ErrorKind::NotFound);
}

TEST_F(ControlTest, AWaitingInputCanBeCancelledAndQueuedAgain) {
  const auto id = upload("a.txt", "1");
  ASSERT_TRUE(control_->actions.cancelInput(id, "test"));
  EXPECT_EQ(statusOf(Listed::Inputs, id), "cancelled");
  EXPECT_EQ(reasonOf(Listed::Inputs, id), "cancelled");
  EXPECT_TRUE(control_->actions.cancelInput(id, "test"));
  ASSERT_TRUE(control_->actions.enqueuePlan(id, false, "test"));
  EXPECT_EQ(statusOf(Listed::Inputs, id), "pending");
  const auto planned = upload("b.txt", "2");
  planInput(planned, "a");
  EXPECT_EQ(control_->actions.cancelInput(planned, "test").error().code, "finished");
}

TEST_F(ControlTest, EnqueueBuildChecksTheDigestSomebodyLookedAt) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  const auto stale = control_->actions.enqueueBuild(
      {.plan = plan, .expectedDigest = "sha256:other", .actor = "test"});
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, ErrorKind::Stale);
  const auto digest = textOr(parsed(*control_->listings.item(Listed::Plans, plan)), "plan_digest");
  const auto done =
      control_->actions.enqueueBuild({.plan = plan, .expectedDigest = digest, .actor = "test"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->list, "build_queue");
  EXPECT_THAT(redis_->lists["build_queue"], ElementsAre(plan));
}

TEST_F(ControlTest, ABuildInFlightRefusesAnotherAndCanBeCancelled) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  const auto build = startBuild(plan);
  const auto refused = control_->actions.enqueueBuild({.plan = plan, .actor = "test"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "already-building");
  const auto asked = control_->actions.cancelBuild(build, "test");
  ASSERT_TRUE(asked);
  EXPECT_FALSE(asked->isOver);
  EXPECT_TRUE(boolOr(parsed(asked->itemJson), "cancel_requested", false));
  finishBuild(plan, "succeeded");
  EXPECT_EQ(control_->actions.cancelBuild(build, "test").error().code, "finished");
  EXPECT_EQ(control_->actions.enqueueBuild({.plan = plan, .actor = "test"}).error().code,
            "already-built");
  EXPECT_TRUE(control_->actions.enqueueBuild({.plan = plan, .force = true, .actor = "test"}));
}

TEST_F(ControlTest, JobsOfAPlanComeFromItsDocumentBeforeTheFirstBuild) {
  const auto plan = planInput(upload("a.txt", "1"), "a b c");
  const auto planned = parsed(*control_->listings.jobsOfPlan(plan, std::nullopt, 2));
  ASSERT_EQ(find(planned, "items")->Size(), 2U);
  EXPECT_EQ(numberOr(planned, "total", 0), 3);
  const auto& second = (*find(planned, "items"))[1];
  EXPECT_EQ(textOr(second, "status"), "blocked");
  EXPECT_EQ((*find(second, "needs"))[0], "a");
  EXPECT_TRUE(find(second, "id")->IsNull());
  const auto rest = parsed(*control_->listings.jobsOfPlan(plan, textOr(planned, "next_cursor"), 2));
  EXPECT_EQ(textOr((*find(rest, "items"))[0], "name"), "c");
  EXPECT_TRUE(find(rest, "next_cursor")->IsNull());
}

TEST_F(ControlTest, JobsOfAPlanAreThoseOfItsLatestBuild) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  const auto build = startBuild(plan);
  finishBuild(plan, "failed");
  const auto jobs = parsed(*control_->listings.jobsOfPlan(plan, std::nullopt, 50));
  const auto& first = (*find(jobs, "items"))[0];
  EXPECT_EQ(numberOr(first, "build_id", 0), build);
  EXPECT_EQ(textOr(first, "status"), "failed");
  EXPECT_EQ(textOr(*find(first, "reason"), "code"), "job_failed");
  EXPECT_EQ(numberOr((*find(first, "attempts"))[0], "exit_code", 0), 1);
  EXPECT_EQ(textOr(*find((*find(jobs, "items"))[1], "reason"), "code"), "needs_failed");
  EXPECT_EQ(reasonOf(Listed::Plans, plan), "job_failed");
  EXPECT_EQ(reasonOf(Listed::Builds, build), "job_failed");
  const auto groups = parsed(*control_->overview.failures(""));
  ASSERT_EQ(find(groups, "items")->Size(), 1U);
  EXPECT_EQ(numberOr((*find(groups, "items"))[0], "count", 0), 1);
}

TEST_F(ControlTest, ListsPageThroughEverythingNewestFirst) {
  std::vector<std::int64_t> uploaded;
  for (int i = 0; i < 5; ++i)
    uploaded.insert(uploaded.begin(), upload(fmt::format("{}.txt", i), "x"));
  std::vector<std::int64_t> seen;
  ListQuery query{.limit = 2};
  while (true) {
    const auto json = page(Listed::Inputs, query);
    EXPECT_EQ(numberOr(json, "total", 0), 5);
    for (const auto& item : find(json, "items")->GetArray())
      seen.push_back(numberOr(item, "id", 0));
    if (find(json, "next_cursor")->IsNull()) break;
    query.cursor = textOr(json, "next_cursor");
  }
  EXPECT_EQ(seen, uploaded);
}

TEST_F(ControlTest, ListsAreNarrowedByStatusQueueTextAndReason) {
  const auto planned = upload("wheels/req.txt", "1");
  planInput(planned, "a");
  const auto waiting = upload("Other_%.txt", "2", "other");
  const auto ids = [&](const ListQuery& query) {
    std::vector<std::int64_t> out;
    const JsonDocument json = page(Listed::Inputs, query);
    for (const auto& item : find(json, "items")->GetArray()) out.push_back(numberOr(item, "id", 0));
    return out;
  };
  EXPECT_THAT(ids({.status = "planned"}), ElementsAre(planned));
  EXPECT_THAT(ids({.status = "planned,pending"}), ElementsAre(waiting, planned));
  EXPECT_THAT(ids({.queues = {{"other"}}}), ElementsAre(waiting));
  EXPECT_THAT(ids({.text = "other_%"}), ElementsAre(waiting));
  EXPECT_THAT(ids({.text = "_"}), ElementsAre(waiting));
  EXPECT_THAT(ids({.reason = "manual_mode"}), ElementsAre(waiting));
  EXPECT_EQ(control_->listings.list(Listed::Inputs, {.status = "built"}).error().pointer, "status");
  EXPECT_EQ(control_->listings.list(Listed::Inputs, {.reason = "x"}).error().pointer, "reason");
  EXPECT_EQ(control_->listings.list(Listed::Inputs, {.cursor = "7"}).error().pointer, "cursor");
}

// Lists of what was stopped read an index of rows that have a reason code.
TEST_F(ControlTest, WhatSomebodyJustCancelledIsInTheListOfThat) {
  auto connection = database_.lease();
  const auto waiting = upload("waiting.txt", "1"), claimed = upload("claimed.txt", "2");
  const auto plan = planInput(upload("planned.txt", "3"), "a");
  ASSERT_TRUE(control_->actions.enqueuePlan(claimed, false, "test"));
  connection->run("claim_inputs", {PgArray().add(claimed).take(), instance_, "default", false});
  for (const auto input : {waiting, claimed})
    connection->run("request_cancel_input", {input, "me"});
  connection->run("request_cancel_plan", {plan, 0, "me"});
  const auto cancelled = [&](Listed what) {
    std::vector<std::int64_t> out;
    const JsonDocument json = page(what, {.reason = "cancelled"});
    for (const auto& item : find(json, "items")->GetArray()) out.push_back(numberOr(item, "id", 0));
    return out;
  };
  EXPECT_THAT(cancelled(Listed::Inputs), ElementsAre(waiting)) << "the other one is being planned";
  EXPECT_THAT(cancelled(Listed::Plans), ElementsAre(plan));
  sql("update instances set ended_at = now()");  // nobody ends them
  connection->run("release_inputs");
  EXPECT_THAT(cancelled(Listed::Inputs), ElementsAre(claimed, waiting));
}

TEST_F(ControlTest, ATotalIsOfThisQueryAndNoOther) {
  upload("odd.txt", "1");
  sql(R"(update pending_inputs set filename = E'\x01\n\x01.txt')");
  const auto totalOf = [&](ListQuery query) {
    query.cursor = cursorText(1'000'000);
    return numberOr(page(Listed::Inputs, query), "total", -1);
  };
  EXPECT_EQ(totalOf({.queues = {{"default"}}, .text = "\1\n\1"}), 1);
  EXPECT_EQ(totalOf({.queues = {{"default\n\1"}}}), 0);
}

// All events were read, from the newest on.
TEST_F(ControlTest, EventsOfOneSubjectAreFoundByAnIndex) {
  sql("insert into events (queue, subject, type) select 'default', 'job/' || i, 'job.running' "
      "from generate_series(1, 60000) i");
  sql("select brin_summarize_new_values('events_rest_subject_idx')");
  sql("analyze events");
  Connection connection(database_.url(), Workload::Queries);
  connection.checkStatements();
  connection.runText("set plan_cache_mode = force_generic_plan");
  const std::vector<std::pair<std::string, std::string>> statements = {
      {"api_events_newest_of", "null, 'job/17', null, 50, null"},
      {"api_events_before_of", "null, 'job/17', null, 50, null, '9000000', '9000000'"},
      {"api_events_after_of", "'0', '0', null, 'job/17', null, 50, null"}};
  for (const auto& [statement, parameters] : statements) {
    const Rows plan =
        connection.runText(fmt::format("explain execute {}({})", statement, parameters));
    std::string text;
    for (std::size_t i = 0; i < plan.size(); ++i) text += plan.text(i, 0) + "\n";
    EXPECT_THAT(text, HasSubstr("events_rest_subject_idx")) << statement;
  }
  for (const auto& after : {std::optional<std::string>(), std::optional<std::string>("0")}) {
    const auto page = control_->events.page({.after = after, .subject = "job/17"});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(find(parsed(*page), "items")->Size(), 1U);
  }
}

TEST_F(ControlTest, SettingsChangeAtOnceAndRememberWhoChangedThem) {
  const auto before = *control_->settings.get("default");
  const auto done = *control_->settings.patch(
      {.queue = "default",
       .body = fmt::format(R"({{"auto_plan":true,"plan_workers":5,"watch_dir":"{}"}})",
                           (folder_ / "elsewhere/").string()),
       .expectedEtag = before.etag,
       .actor = "ann"});
  ASSERT_FALSE(done.refusal) << done.refusal->error.message;
  const auto json = parsed(done.json);
  EXPECT_TRUE(boolOr(json, "auto_plan", false));
  EXPECT_EQ(numberOr(json, "plan_workers", 0), 5);
  EXPECT_EQ(textOr(json, "watch_dir"), (folder_ / "elsewhere").string());
  EXPECT_EQ(textOr(json, "changed_by"), "ann");
  const auto late = *control_->settings.patch({.queue = "default",
                                               .body = R"({"auto_build":true})",
                                               .expectedEtag = before.etag,
                                               .actor = "bob"});
  ASSERT_TRUE(late.refusal);
  EXPECT_EQ(late.refusal->error.kind, ErrorKind::Stale);
  EXPECT_EQ(late.refusal->currentEtag, done.etag);
  EXPECT_EQ(late.refusal->changedBy, "ann");
  const auto sources = parsed(*control_->settings.sourcesJson("default"));
  EXPECT_EQ(textOr(*find(sources, "auto_plan"), "source"), "api");
  EXPECT_EQ(textOr(*find(sources, "auto_build"), "source"), "default");
}

TEST_F(ControlTest, WrongSettingsAreAllNamedAndNothingIsChanged) {
  const auto before = control_->settings.get("default")->json;
  const auto refused = *control_->settings.patch(
      {.queue = "default",
       .body =
           R"({"auto_plan":"yes","job_slots":-1,"colour":1,"auto_build":true,"watch_dir":"/nowhere"})",
       .expectedEtag = {},
       .actor = "ann"});
  ASSERT_TRUE(refused.refusal);
  std::vector<std::string> pointers;
  for (const auto& [pointer, detail] : refused.refusal->fields) pointers.push_back(pointer);
  EXPECT_THAT(pointers,
              testing::UnorderedElementsAre("/auto_plan", "/job_slots", "/colour", "/watch_dir"));
  EXPECT_EQ(control_->settings.get("default")->json, before);
}

TEST_F(ControlTest, WatchDirLiesOutsideTheDataFolderAndBelowItsRoots) {
  EXPECT_THAT(watchDirProblem((folder_ / "data/blobs").string(), config_).value(),
              HasSubstr("outside"));
  EXPECT_FALSE(watchDirProblem((folder_ / "elsewhere").string(), config_));
  config_.watchRoots = {folder_ / "input"};
  EXPECT_THAT(watchDirProblem((folder_ / "elsewhere").string(), config_).value(),
              HasSubstr("watch_roots"));
  EXPECT_FALSE(watchDirProblem((folder_ / "input").string(), config_));
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "input/link");
  EXPECT_TRUE(watchDirProblem((folder_ / "input/link").string(), config_));
}

TEST_F(ControlTest, WithoutRootsAWatchedFolderLiesBelowOneThatTheConfigurationNames) {
  std::filesystem::create_directories(folder_ / "input/team");
  config_.watchRoots.clear();
  EXPECT_FALSE(watchDirProblem((folder_ / "input/team").string(), config_));
  EXPECT_TRUE(watchDirProblem((folder_ / "elsewhere").string(), config_));
  EXPECT_TRUE(watchDirProblem("/etc", config_));
  config_.file.clear();  // built in: the folder in which the host was started
  EXPECT_FALSE(watchDirProblem((folder_ / "elsewhere").string(), config_));
  EXPECT_TRUE(watchDirProblem("/etc", config_));
}

TEST_F(ControlTest, ALockedSettingNamesItsPlaceInTheFile) {
  const auto refused = *control_->settings.patch(
      {.queue = "other", .body = R"({"auto_plan":true})", .expectedEtag = {}, .actor = "ann"});
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->error.code, "locked-by-file");
  EXPECT_THAT(refused.refusal->error.message, HasSubstr("team.yaml:7"));
}

TEST_F(ControlTest, TurningAGateOnEnqueuesWhatWaitsIfAsked) {
  const auto first = upload("a.txt", "1"), second = upload("b.txt", "2");
  upload("c.txt", "3", "other");
  ASSERT_FALSE(control_->settings
                   .patch({.queue = "default",
                           .body = R"({"auto_plan":true,"apply_to_waiting":true})",
                           .expectedEtag = {},
                           .actor = "ann"})
                   ->refusal);
  EXPECT_THAT(redis_->lists["plan_queue"], ElementsAre(first, second));
  EXPECT_TRUE(redis_->lists["plan_queue:other"].empty());
  const auto plan = planInput(first, "a");
  const auto view =
      control_->settings.patch({.queue = "default",
                                .body = R"({"auto_build":true,"apply_to_waiting":true})",
                                .expectedEtag = {},
                                .actor = "ann"});
  EXPECT_EQ(view->enqueued, 1);
  EXPECT_THAT(redis_->lists["build_queue"], ElementsAre(plan));
}

TEST_F(ControlTest, APausedStageSaysSoOnEveryWaitingItem) {
  const auto id = upload("a.txt", "1");
  ASSERT_TRUE(control_->actions.enqueuePlan(id, false, "test"));
  ASSERT_TRUE(control_->settings.pause("default", "plan", true, "ann"));
  EXPECT_EQ(reasonOf(Listed::Inputs, id), "queue_paused");
  const auto queue = parsed(*control_->overview.queue("default"));
  EXPECT_TRUE(boolOr(*find(queue, "plan"), "paused", false));
  ASSERT_TRUE(control_->settings.pause("default", "plan", false, "ann"));
  EXPECT_EQ(reasonOf(Listed::Inputs, id), "waiting_for_worker");
  EXPECT_EQ(control_->settings.pause("default", "x", true, "ann").error().kind,
            ErrorKind::NotFound);
}

TEST_F(ControlTest, QueuesCountWhatWaitsRunsAndIsDone) {
  upload("waiting.txt", "0");
  ASSERT_TRUE(control_->actions.enqueuePlan(upload("queued.txt", "1"), false, "test"));
  const auto plan = planInput(upload("built.txt", "2"), "a b");
  startBuild(plan);
  const auto queue = parsed(*control_->overview.queue("default"));
  const JsonValue& planning = *find(queue, "plan");
  EXPECT_EQ(numberOr(planning, "depth", -1), 1);
  EXPECT_EQ(numberOr(planning, "running", -1), 0);
  EXPECT_EQ(numberOr(planning, "workers", -1), 2);
  EXPECT_EQ(numberOr(*find(queue, "inputs"), "pending", -1), 2);
  EXPECT_EQ(numberOr(*find(queue, "inputs"), "planned", -1), 1);
  const JsonValue& building = *find(queue, "build");
  EXPECT_EQ(numberOr(building, "running", -1), 1);
  EXPECT_EQ(numberOr(building, "jobs_running", -1), 1);
  EXPECT_EQ(numberOr(building, "job_slots", -1), 3);
  EXPECT_EQ(numberOr(*find(queue, "plans"), "building", -1), 1);
  const auto metrics = control_->overview.metrics();
  EXPECT_THAT(metrics, HasSubstr("planwright_queue_depth{queue=\"plan_queue\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("planwright_workers{queue=\"build_queue\",state=\"busy\"} 1\n"));
}

/// `status` said "8 of 4 job slots busy": quick jobs are handed out in advance, and those of a host
/// that died run on in the tables for a while.
TEST_F(ControlTest, NoMoreSlotsAreBusyThanThereAre) {
  startBuild(planInput(upload("many.txt", "1"), "a b c d e"));
  sql("update jobs set status = 'running'");
  const auto busy = [&] {
    control_->overview.forget();
    return numberOr(*find(parsed(*control_->overview.queue("default")), "build"), "jobs_running",
                    -1);
  };
  EXPECT_EQ(busy(), 3);
  sql("update instances set ended_at = now()");
  EXPECT_EQ(busy(), 0);
}

TEST_F(ControlTest, LogsOfAnAttemptAreFoundByJobAndNumber) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  startBuild(plan);
  const auto jobs = parsed(*control_->listings.jobsOfPlan(plan, std::nullopt, 50));
  const auto job = numberOr((*find(jobs, "items"))[0], "id", 0);
  const auto idle = numberOr((*find(jobs, "items"))[1], "id", 0);
  const auto place = control_->contents.log(job, std::nullopt);
  ASSERT_TRUE(place);
  EXPECT_FALSE(place->isComplete);
  writeLog(folder_ / ("data/blobs/logs/" + std::to_string(place->attempt)), {"one\n", "two\n"});
  EXPECT_EQ(control_->contents.logBytes(job, 1)->sizeBytes, 8U);
  EXPECT_EQ(control_->contents.logBytes(idle, std::nullopt)->sizeBytes, 0U);
  EXPECT_EQ(control_->contents.log(job, 2).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(control_->contents.log(12345, std::nullopt).error().kind, ErrorKind::NotFound);
}

TEST_F(ControlTest, AnIdempotencyKeyGivesTheKeptAnswer) {
  const Digest request = Digest::of("POST /x"), other = Digest::of("POST /y");
  const auto& keys = control_->idempotency;
  EXPECT_FALSE((*keys.begin("k", request)).has_value());
  EXPECT_EQ(keys.begin("k", request).error().code, "in-progress");
  keys.keep("k", {.status = 202, .body = R"({"a":1})", .location = "/x/1"});
  EXPECT_EQ((*keys.begin("k", request))->body, R"({"a":1})");
  EXPECT_EQ(keys.begin("k", other).error().code, "idempotency-key-reused");
  EXPECT_FALSE((*keys.begin("m", request)).has_value());
  keys.drop("m");
  EXPECT_FALSE((*keys.begin("m", request)).has_value());
}

TEST_F(ControlTest, ExplainNamesEveryBlocker) {
  const auto id = upload("a.txt", "1");
  ASSERT_TRUE(control_->settings.pause("default", "plan", true, "ann"));
  const auto blockers = parsed(*control_->listings.explain(Listed::Inputs, id));
  ASSERT_EQ(find(blockers, "items")->Size(), 2U);
  EXPECT_EQ(textOr((*find(blockers, "items"))[0], "code"), "manual_mode");
  EXPECT_EQ(textOr((*find(blockers, "items"))[1], "code"), "queue_paused");
}

TEST_F(ControlTest, QueuesAnswerWithTheNumbersOfBeforeWhileCountingTakesLong) {
  const auto waiting = [this] {
    const auto queue = parsed(*control_->overview.queue("default"));
    return numberOr(*find(queue, "inputs"), "pending", -1);
  };
  upload("a.txt", "1");
  EXPECT_EQ(waiting(), 1);
  {
    const auto other = database_.dedicated();
    const Transaction busy(*other);
    other->runText("lock table pending_inputs in access exclusive mode");
    control_->overview.forget();
    EXPECT_EQ(waiting(), 1) << "it does not wait for the end of the count";
  }
  upload("b.txt", "1");
  control_->overview.forget();
  EXPECT_TRUE(eventually([&] { return waiting() == 2; }));
}

}  // namespace
}  // namespace planwright::control_test
