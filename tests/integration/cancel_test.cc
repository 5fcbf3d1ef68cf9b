// Cancel is a proof of death: the status is written once nothing of the work lives any more.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "building/build_stage.h"
#include "model/plan_document.h"
#include "planning/plan_stage.h"
#include "programs/keeper.h"
#include "programs/keeper_groups.h"
#include "programs/keeper_tags.h"
#include "store/inputs.h"
#include "store/plans.h"
#include "support/line_fixture.h"
#include "support/planned.h"

namespace planwright::cancel_test {
namespace {

namespace fs = std::filesystem;

/// What a program may do so as not to be stopped. Each ends up with a child beside it.
constexpr const char* kNewSession = "setsid sleep 600 & sleep 600 & echo ready > $1; wait";
constexpr const char* kDoubleFork =
    "(setsid sh -c 'sleep 600 & sleep 600' &); echo ready > $1; sleep 600";
constexpr const char* kIgnoresTerm =
    "trap '' TERM INT HUP; (while :; do sleep 1; done) & echo ready > $1; "
    "while :; do sleep 1; done";
constexpr const char* kEverything =
    "trap '' TERM INT HUP; (setsid sh -c 'setsid sleep 600 & sleep 600' &); "
    "echo ready > $1; while :; do sleep 1; done";

/// Every process forks into a session of its own for as long as it can, and none listens.
constexpr const char* kForkBomb = R"(echo ready > $1
exec /usr/bin/python3 -c '
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: time.sleep(0.01)
')";
constexpr std::size_t kMostProcesses = 64;

/// The stages over a real keeper. Programs write their tag and a ready file into the folder.
class CancelTest : public LineFixture {
 protected:
  CancelTest() {
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"}, keeper);
    queue.builder.plugin = "planwright.command";
    queue.builder.settingsJson = R"({"sandbox":"none"})";
  }

  /// A shell script that notes its tag as NAME.tag, then behaves as `how`.
  std::string script(const std::string& name, const std::string& how) {
    const std::string path = (folder / (name + ".sh")).string();
    replaceFile(path, "#!/bin/sh\nset -- " + (folder / (name + ".ready")).string() +
                          "\ngrep realtime.timeout /proc/$$/limits > " +
                          (folder / (name + ".tag")).string() + "\n" + how + "\n");
    fs::permissions(path, fs::perms(0755));
    return path;
  }
  bool isReady(const std::string& name) {
    return eventually([&] { return fs::exists(folder / (name + ".ready")); });
  }
  /// Living processes of the run that wrote NAME.tag.
  std::size_t living(const std::string& name) {
    std::ifstream file(folder / (name + ".tag"));
    std::string word;
    RunTag tag(0, 0);
    while (file >> word)
      if (word.find_first_not_of("0123456789") == std::string::npos &&
          RunTag::read(std::stoull(word), tag))
        break;
    const auto all = taggedAmong(allProcesses(), tag.family());
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& p) { return p.tag.run() == tag.run(); }));
  }
  /// Waits for the status; nothing of the runs may live when it is first seen.
  void expectDeadWhen(const std::string& sql, const std::string& wanted,
                      const std::vector<std::string>& names) {
    std::size_t left = 0;
    ASSERT_TRUE(eventually([&] {
      if (text(sql) != wanted) return false;
      for (const auto& name : names) left += living(name);
      return true;
    })) << text(sql);
    EXPECT_EQ(left, 0U);
  }
  std::int64_t plan(const std::string& document) {
    const auto id = record(*intake, "p" + std::to_string(++count_), document);
    const auto planId = planInput(*connection, InstanceId{membership.instance()}, id, document);
    connection->run("enqueue_plans",
                    {"{" + std::to_string(planId) + "}", false, "test", "all", true});
    tickets()->push("build_queue", {planId});
    return planId;
  }
  std::string jobs() {
    return text("select string_agg(name || ' ' || status, ', ' order by position) from jobs");
  }
  void cancelJob(const std::string& name) {
    connection->run("request_cancel_job",
                    {text("select id from jobs where name = '" + name + "'"), "test"});
  }

  Keeper keeper{KeeperOptions{BINARY_DIR "/planwright", 15'000, -1}};
  std::unique_ptr<PostgresRecorder> intake = recorder();
  int count_ = 0;
};

TEST_F(CancelTest, ABuildIsCancelledWhenNothingOfItsJobsLives) {
  const std::vector<std::pair<std::string, const char*>> nasty = {{"session", kNewSession},
                                                                  {"fork", kDoubleFork},
                                                                  {"term", kIgnoresTerm},
                                                                  {"all", kEverything}};
  JsonWriter json;
  json.object().key("jobs").array();
  std::vector<std::string> names;
  for (const auto& [name, how] : nasty) {
    json.object().member("id", name).key("spec").object().key("command").array();
    json.value(script(name, how)).end().end().end();
    names.push_back(name);
  }
  json.object().member("id", "after").key("needs").array().value("all").end().key("spec").object();
  const std::string document =
      json.key("command").array().value("true").end().end().end().end().end().take();
  BuildStage stage(*host, liveQueue(), 1, 4);
  const auto id = plan(document);
  for (const auto& name : names) {
    ASSERT_TRUE(isReady(name)) << name;
    EXPECT_GE(living(name), 2U) << name;
  }
  connection->run("request_cancel_plan", {id, 0, "test"});
  expectDeadWhen("select status from plans", "cancelled", names);
  EXPECT_EQ(jobs(),
            "session cancelled, fork cancelled, term cancelled, all cancelled, after cancelled");
  EXPECT_EQ(text("select status || ' ' || reason_code from builds"), "cancelled cancelled");
  EXPECT_EQ(text("select string_agg(distinct status || ' ' || class, ', ') from job_attempts"),
            "cancelled cancelled");
  EXPECT_EQ(text("select count(*) from plans where cancel_requested"), "0");
}

TEST_F(CancelTest, AForkBombUnderALimitOfProcessesIsCancelledToo) {
  if (!ControlGroups(0).canLimitProcesses()) GTEST_SKIP() << "no control groups can be made here";
  BuildStage stage(*host, liveQueue(), 1, 1);
  const auto id =
      plan(R"({"jobs":[{"id":"bomb","resources":{"processes":64},"spec":{"command":[")" +
           script("bomb", kForkBomb) + R"("]}}]})");
  ASSERT_TRUE(isReady("bomb"));
  EXPECT_TRUE(eventually([&] { return living("bomb") > kMostProcesses / 2; }));
  EXPECT_LE(living("bomb"), kMostProcesses);
  connection->run("request_cancel_plan", {id, 0, "test"});
  expectDeadWhen("select status from plans", "cancelled", {"bomb"});
}

TEST_F(CancelTest, OneJobIsCancelledAndTheOthersGoOn) {
  const std::string document =
      R"({"jobs":[{"id":"bad","spec":{"command":[")" + script("bad", kEverything) +
      R"("]}},{"id":"needs-it","needs":["bad"],"spec":{"command":["true"]}},)" +
      R"({"id":"waits","needs":["slow"],"spec":{"command":["true"]}},)" +
      R"({"id":"slow","spec":{"command":[")" +
      script("slow", "echo ready > $1; while [ ! -e $1.go ]; do sleep 0.02; done") + R"("]}}]})";
  BuildStage stage(*host, liveQueue(), 1, 2);
  plan(document);
  ASSERT_TRUE(isReady("bad") && isReady("slow"));
  cancelJob("bad");
  cancelJob("waits");  // does not run yet: nothing to wait for
  EXPECT_TRUE(becomes("select status from jobs where name = 'waits'", "cancelled"));
  expectDeadWhen("select status from jobs where name = 'bad'", "cancelled", {"bad"});
  EXPECT_EQ(text("select status from jobs where name = 'slow'"), "running");
  replaceFile(folder / "slow.ready.go", "");
  ASSERT_TRUE(becomes("select status from plans", "cancelled"));
  EXPECT_EQ(jobs(), "bad cancelled, needs-it dep_failed, waits cancelled, slow succeeded");
  EXPECT_EQ(text("select error from plans"), "bad was cancelled.");
}

TEST_F(CancelTest, AnInputIsCancelledWhenNothingOfItsPlannerLives) {
  usePlanner("planwright.wheels", R"({"python":")" + script("python", kEverything) + R"("})");
  PlanStage stage(*host, liveQueue(), nullptr, 1);
  const auto id = record(*intake, "requirements.txt", "idna\n");
  ASSERT_TRUE(isReady("python"));
  connection->run("request_cancel_input", {id, "test"});
  expectDeadWhen("select status from pending_inputs", "cancelled", {"python"});
  EXPECT_EQ(text("select reason_code || ' ' || (queued_at is null) from pending_inputs"),
            "cancelled true");
}

TEST_F(CancelTest, AJobThatNoThreadTookYetNeverRuns) {
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"first","spec":{"command":[")" + script("first", kNewSession) +
       R"("]}},{"id":"second","spec":{"command":[")" + script("second", kNewSession) + R"("]}}]})");
  ASSERT_TRUE(isReady("first"));
  connection->run("request_cancel_plan", {text("select id from plans"), 0, "test"});
  ASSERT_TRUE(becomes("select status from plans", "cancelled"));
  EXPECT_FALSE(fs::exists(folder / "second.tag"));
}

TEST_F(CancelTest, WorkThatNobodyHoldsIsCancelledAtOnce) {
  const auto input = record(*intake, "a", "1");
  connection->run("request_cancel_input", {input, "test"});
  EXPECT_TRUE(
      Inputs(*connection).claim({input}, InstanceId{membership.instance()}, "default").empty());
  EXPECT_EQ(connection->run("end_cancelled_inputs", {input}).size(), 1U);
  EXPECT_EQ(text("select status || ' ' || (queued_at is null) from pending_inputs"),
            "cancelled true");
  const auto id = plan(R"({"jobs":[]})");
  connection->run("request_cancel_plan", {id, 0, "test"});
  EXPECT_EQ(connection->run("end_cancelled_plans", {id}).size(), 1U);
  EXPECT_EQ(text("select status from plans"), "cancelled");
}

TEST_F(CancelTest, WhatIsCancelledWhileItsOwnerDiesIsNotTriedAgain) {
  const auto input = record(*intake, "a", "1");
  const auto plan = this->plan(R"({"jobs":[{"id":"a"},{"id":"b","needs":["a"]}]})");
  const auto other = join("host-b");
  ASSERT_EQ(Inputs(*connection).claim({input}, InstanceId{other}, "default").size(), 1U);
  const auto claimed = Plans(*connection).claim({plan}, InstanceId{other}, "default");
  ASSERT_EQ(claimed.size(), 1U);
  std::vector<NewJob> rows;
  for (const std::string name : {"a", "b"}) {
    NewJob row{claimed[0].build,
               claimed[0].id,
               claimed[0].fence,
               name,
               static_cast<int>(rows.size()),
               "[]"};
    row.status = rows.empty() ? JobStatus::Running : JobStatus::Blocked;
    rows.push_back(row);
  }
  Jobs(*connection).insert(rows, InstanceId{other}, "default");
  connection->run("request_cancel_input", {input, "test"});
  connection->run("request_cancel_plan", {plan, 0, "test"});
  connection->run("instance_end", {other});
  connection->run("release_inputs");
  connection->run("release_plans");
  tickets()->push("plan_queue", {input});
  tickets()->push("build_queue", {plan});
  PlanStage planning(*host, liveQueue(), nullptr, 1);
  BuildStage building(*host, liveQueue(), 1, 1);
  connection->run("end_cancelled_inputs", {std::nullopt});
  connection->run("end_cancelled_plans", {std::nullopt});
  EXPECT_EQ(text("select status || ' ' || attempt from pending_inputs where id = " +
                 std::to_string(input)),
            "cancelled 1");
  EXPECT_EQ(text("select status || ' ' || attempt from plans"), "cancelled 1");
  EXPECT_EQ(text("select status from builds"), "cancelled");
  EXPECT_EQ(jobs(), "a cancelled, b cancelled");
  EXPECT_EQ(text("select status from job_attempts"), "cancelled");
}

TEST_F(CancelTest, AJobThatIsCancelledWhileItsOwnerDiesIsNotTriedAgain) {
  const auto id = plan(
      R"({"jobs":[{"id":"a","spec":{"command":["true"]}},{"id":"b","spec":{"command":["true"]}}]})");
  const auto other = join("host-b");
  const auto claimed = Plans(*connection).claim({id}, InstanceId{other}, "default");
  std::vector<NewJob> rows;
  for (const std::string name : {"a", "b"}) {
    NewJob row{claimed.at(0).build,           claimed[0].id, claimed[0].fence, name,
               static_cast<int>(rows.size()), "[]"};
    row.status = JobStatus::Running;
    rows.push_back(row);
  }
  Jobs(*connection).insert(rows, InstanceId{other}, "default");
  cancelJob("a");
  connection->run("instance_end", {other});
  connection->run("release_plans");
  BuildStage stage(*host, liveQueue(), 1, 1);
  ASSERT_TRUE(becomes("select status from plans", "cancelled"));
  EXPECT_EQ(jobs(), "a cancelled, b succeeded");
}

TEST_F(CancelTest, AResultThatComesAfterTheRequestIsNotKept) {
  const auto id = record(*intake, "a", "1");
  const auto claimed =
      Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default");
  connection->run("request_cancel_input", {id, "test"});
  PlannedInput planned{InputId{id}, claimed.at(0).fence, {}};
  planned.plan.document = "{}";
  planned.plan.digest = Digest::of("{}");
  planned.plan.summaryJson = "{}";
  EXPECT_TRUE(Inputs(*connection).finishPlanned({planned}, "default").empty());
  EXPECT_EQ(Inputs(*connection).endCancelled({planned}).size(), 1U);
  EXPECT_EQ(text("select status from pending_inputs"), "cancelled");
  EXPECT_EQ(text("select count(*) from plans"), "0");
}

}  // namespace
}  // namespace planwright::cancel_test
