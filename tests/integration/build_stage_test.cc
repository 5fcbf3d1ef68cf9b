#include "building/build_stage.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoints.h"
#include "base/files.h"
#include "logs/log_reader.h"
#include "store/plans.h"
#include "store/row.h"
#include "support/build_stage_fixture.h"

namespace planwright::build_stage_test {
namespace {
using testing::HasSubstr;

constexpr const char* kDiamond = R"({"jobs":[
  {"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}},
  {"id":"b","needs":["a"],"inputs":{"in.txt":"a/a.txt"},"outputs":["b.txt"],"spec":{"command":["make","b"]}},
  {"id":"c","needs":["a"],"outputs":["c.txt"],"spec":{"command":["make","c"]}},
  {"id":"d","needs":["b","c"],"inputs":{"x/b":"b/b.txt","x/c":"c/c.txt"},"outputs":["d.txt"],"spec":{"command":["make","d"]}}]})";

using BuildStageTest = BuildStageFixture;

TEST_F(BuildStageTest, TellsHowFarABuildThatRunsHasCome) {
  Guarded<bool> mayEnd(false);
  meanwhile = [&](const std::string& name) {
    if (name == "d") mayEnd.waitFor(std::chrono::seconds(30), {}, [](bool may) { return may; });
  };
  BuildStage stage(*host, liveQueue(), 2, 2);
  plan(kDiamond);
  EXPECT_TRUE(becomes("select jobs_done || ' of ' || jobs_total || ' ' || status from builds",
                      "3 of 4 building"));
  const Rows rows = connection->run("api_plans", {std::int64_t{1} << 40, 1});
  EXPECT_EQ(Row(rows, 0).number("jobs_done"), 3) << "the list says so, too";
  *mayEnd.lock() = true;
  mayEnd.notifyAll();
  EXPECT_TRUE(becomes("select jobs_done || ' ' || status from builds", "4 built"));
}

TEST_F(BuildStageTest, RunsADiamondInOrderAndWritesTheManifest) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  plan(kDiamond);
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(jobs(), "a succeeded, b succeeded, c succeeded, d succeeded");
  const auto ran = *ran_.lock();
  ASSERT_EQ(ran.size(), 4u);
  EXPECT_EQ(ran.front(), "a");
  EXPECT_EQ(ran.back(), "d");
  const auto digest = Digest::parse(text("select manifest_digest from builds"));
  ASSERT_TRUE(digest);
  const std::string manifest = readAll(blobs->open(*digest)->get());
  EXPECT_EQ(Digest::of(manifest), *digest);
  EXPECT_THAT(manifest, HasSubstr(R"("name":"d.txt","job":"d")"));
  EXPECT_THAT(
      text("select string_agg(type, ' ' order by id) from events where subject like 'plan/%'"),
      HasSubstr("plan.building plan.built"));
  for (const auto& entry : std::filesystem::directory_iterator(folder / "work"))
    EXPECT_TRUE(std::filesystem::is_empty(entry.path())) << "nothing of a job stays";
}

TEST_F(BuildStageTest, AJobHasTheSecretsOfItsQueueAndItsLogDoesNot) {
  replaceFile(folder / "token", "correct horse battery\n");
  queue.builder.secrets = {{"DEPLOY_TOKEN", {folder / "token", ""}}};
  queue.builder.pluginSecrets = queue.builder.secrets;
  talk = [](const ProgramSpec& spec) {
    for (const std::string_view variable : spec.env) {
      if (!variable.starts_with("DEPLOY_TOKEN=")) continue;
      const std::string_view value = variable.substr(13);
      writeAll(spec.stdoutFd, value.substr(0, 9));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a frame of its own
      writeAll(spec.stdoutFd, std::string(value.substr(9)) + " is the token\n");
    }
  };
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}}]})");
  ASSERT_TRUE(becomes("select status from plans", "built"));
  LogReader log(logs->folder() / text("select id from job_attempts"));
  EXPECT_THAT(log.lines(1, 10).lines, testing::ElementsAre("*** is the token"));
}

TEST_F(BuildStageTest, ASecretThatCannotBeReadHoldsTheJobAndSaysWhich) {
  queue.builder.pluginSecrets = {{"DEPLOY_TOKEN", {folder / "not-there", ""}}};
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}}]})");
  ASSERT_TRUE(becomes("select build_held <> '' from queues", "t"));
  EXPECT_THAT(text("select build_held from queues"),
              HasSubstr("The secret DEPLOY_TOKEN cannot be used"));
  EXPECT_TRUE(ran_.lock()->empty());
}

TEST_F(BuildStageTest, ACommitInDoubtIsRepeatedAndLeavesNoTrace) {
  // As if Postgres went away after the commits of these rounds, before it answered.
  ASSERT_TRUE(turnOnFailpoints(
      "job.commit.after=error@1x2;job.start.after=error@3x1;build.commit.after=error@1x1"));
  const std::shared_ptr<void> off(nullptr, [](void*) { EXPECT_TRUE(turnOnFailpoints("")); });
  BuildStage stage(*host, liveQueue(), 1, 2);
  plan(kDiamond);
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(jobs(), "a succeeded, b succeeded, c succeeded, d succeeded");
  EXPECT_EQ(text("select count(*) || ' ' || count(ended_at) from job_attempts"), "4 4");
  EXPECT_EQ(text("select count(*) from events where type = 'job.succeeded'"), "4");
  EXPECT_EQ(ran_.lock()->size(), 4u);
}

// It was written again for ever, and the builds beside it with it.
TEST_F(BuildStageTest, ABuildThatPostgresRefusesEndsAndTheOthersGoOn) {
  connection->runText(
      "alter table jobs add check (name <> 'refused' or status not in ('succeeded', 'cached'))");
  const auto document = [](const std::string& name) {
    return R"({"jobs":[{"id":")" + name + R"(","spec":{"command":["make","a"]}},
      {"id":"after","needs":[")" +
           name + R"("],"spec":{"command":["make","b"]}}]})";
  };
  for (const char* name : {"refused", "one", "two", "three"}) plan(document(name));
  BuildStage stage(*host, liveQueue(), 4, 4);
  EXPECT_TRUE(becomes("select count(*) from plans where status in ('built', 'failed')", "4"));
  EXPECT_THAT(text("select reason_code || ' ' || error from plans where status = 'failed'"),
              HasSubstr("internal Its results could not be stored: "));
  EXPECT_EQ(
      text("select string_agg(status, ' ' order by position) from jobs where class = 'bug' or "
           "status = 'dep_failed'"),
      "failed dep_failed");
  EXPECT_EQ(text("select jobs_done || ' ' || jobs_failed from builds where status = 'failed'"),
            "0 2");
  EXPECT_EQ(text("select count(*) from job_attempts where ended_at is null"), "0");
  plan(document("later"));
  EXPECT_TRUE(becomes("select count(*) from plans where status = 'built'", "4"));
}

TEST_F(BuildStageTest, AJobThatWaitsForItsRetryWaitsOnAnotherHostToo) {
  ASSERT_TRUE(turnOnFailpoints("job.commit.after=pause:500x1"));
  const std::shared_ptr<void> off(nullptr, [](void*) { EXPECT_TRUE(turnOnFailpoints("")); });
  queue.retry.first = std::chrono::hours(1);
  infraFailures = {"a"};
  plan(R"({"jobs":[{"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}}]})");
  auto first = std::make_unique<BuildStage>(*host, liveQueue(), 1, 1);
  ASSERT_TRUE(becomes("select not_before > now() from jobs", "t"));
  first.reset();
  ASSERT_EQ(text("select status from plans"), "ready_for_build") << "stopped during that round";
  membership.become(join("host-b"));
  BuildStage second(*host, liveQueue(), 1, 1);
  ASSERT_TRUE(becomes("select status from plans", "building"));
  connection->run("request_cancel_job", {text("select id from jobs"), "test"});
  ASSERT_TRUE(becomes("select status from builds", "cancelled"));
  EXPECT_EQ(ran_.lock()->size(), 1u) << "an hour is not over";
}

TEST_F(BuildStageTest, TakesNewWorkAfterItsClaimsWereLost) {
  std::promise<void> go;
  meanwhile = [gone = go.get_future().share()](const std::string&) { gone.wait(); };
  BuildStage stage(*host, liveQueue(), 2, 1);
  std::promise<void> end = std::move(go);  // a failure ends the wait before the stage
  plan(kDiamond);
  plan(kDiamond);
  ASSERT_TRUE(eventually([&] { return ran_.lock()->size() == 1; }));
  ASSERT_TRUE(becomes("select count(*) from plans where status = 'building'", "2"));
  connection->runText("update instances set ended_at = now()");
  stage.abandon();
  end.set_value();
  connection->run("release_plans");
  membership.become(join("host-a"));
  ASSERT_TRUE(becomes("select count(*) from plans where status = 'built'", "2"));
  EXPECT_EQ(text("select count(*) from builds"), "2");
}

TEST_F(BuildStageTest, KeepsGoingAfterAFailure) {
  failing = "b";
  BuildStage stage(*host, liveQueue(), 1, 2);
  plan(kDiamond);
  ASSERT_TRUE(becomes("select status from plans", "failed"));
  EXPECT_EQ(jobs(), "a succeeded, b failed, c succeeded, d dep_failed");
  EXPECT_THAT(text("select error from plans"), HasSubstr("b failed"));
  EXPECT_EQ(text("select reason_code from plans"), "job_failed");
  EXPECT_EQ(text("select jobs_done || ' ' || jobs_failed from builds"), "2 2");
  EXPECT_EQ(text("select exit_code from jobs where name = 'b'"), "7");
}

TEST_F(BuildStageTest, RetriesOnlyWhatFailedAndKeepsTheHistory) {
  failing = "b";
  BuildStage stage(*host, liveQueue(), 1, 2);
  const auto id = plan(kDiamond);
  ASSERT_TRUE(becomes("select status from plans", "failed"));
  failing.clear();
  ran_.lock()->clear();
  enqueue(id, "failed");
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(jobs(), "a cached, b succeeded, c cached, d succeeded");
  EXPECT_EQ(*ran_.lock(), (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(text("select string_agg(status, ' ' order by id) from builds"), "failed built");
}

TEST_F(BuildStageTest, AnOutputThatIsNotThereFailsTheJob) {
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a","outputs":["other.txt"],"spec":{"command":["make","a"]}}]})");
  ASSERT_TRUE(becomes("select status from plans", "failed"));
  EXPECT_THAT(text("select error from jobs"), HasSubstr("other.txt"));
}

TEST_F(BuildStageTest, OutputsThatAddUpToMoreThanTheirLimitFailTheJob) {
  queue.builder.limits.outputBytes = 12;  // each "made by x" has 9
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(
      R"({"jobs":[{"id":"a","outputs":["*.txt"],"inputs":{"b.txt":{"text":"made by b"}},
                   "spec":{"command":["make","a"]}},
                  {"id":"c","outputs":["*.txt"],"spec":{"command":["make","c"]}}]})");
  ASSERT_TRUE(becomes("select status from plans", "failed"));
  EXPECT_EQ(jobs(), "a failed, c succeeded");
  EXPECT_EQ(text("select class from jobs where name = 'a'"), "limit");
  EXPECT_THAT(text("select error from jobs where name = 'a'"), HasSubstr("outputs add up to more"));
}

TEST_F(BuildStageTest, AJobThatLostItsProcessRunsAgain) {
  infraFailures = {"a"};
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}}]})");
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(text("select string_agg(status, ' ' order by n) from job_attempts"),
            "failed succeeded");
}

TEST_F(BuildStageTest, AJobIsTriedAgainAsOftenAsTheBudgetOfItsFailureSays) {
  failing = "a";
  queue.retry.failed = 2;
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a","spec":{"command":["make","a"]}}]})");
  ASSERT_TRUE(becomes("select status from plans", "failed"));
  EXPECT_EQ(text("select status || ' ' || attempt || ' ' || spent::text from jobs"),
            R"(failed 3 {"failed": 2})");
  EXPECT_EQ(text("select string_agg(class, ' ' order by n) from job_attempts"),
            "failed failed failed");
}

TEST_F(BuildStageTest, APlanWithoutJobsIsBuiltAtOnce) {
  BuildStage stage(*host, liveQueue(), 1, 1);
  for (int i = 0; i < 50; ++i) plan(R"({"jobs":[],"summary":{"n":)" + std::to_string(i) + "}}");
  ASSERT_TRUE(becomes("select count(*) from plans where status = 'built'", "50"));
  EXPECT_EQ(
      text("select count(*) from builds where status = 'built' and manifest_digest is not null"),
      "50");
  EXPECT_EQ(text("select count(*) from builds b join blobs m on m.digest = b.manifest_digest"),
            "50");
}

TEST_F(BuildStageTest, ABuildGoesOnWhereADeadHostLeftIt) {
  const auto id = plan(kDiamond);
  {
    // The host dies after "a" succeeded and while "b" ran.
    const auto claimed =
        Plans(*connection).claim({id}, InstanceId{membership.instance()}, "default");
    ASSERT_EQ(claimed.size(), 1u);
    BuildStage stage(*host, liveQueue(), 0, 2);
    const std::string build = std::to_string(number(claimed[0].build));
    connection->runText(
        "insert into jobs (build_id, plan_id, name, position, needs, status, attempt, outputs) "
        "values (" +
        build + ", " + std::to_string(id) +
        ", 'a', 0, '{}', 'succeeded', 1, '[{\"name\":\"a.txt\",\"digest\":\"" +
        Digest::of("made by a").text() + "\",\"size\":9,\"mode\":\"0644\"}]'), (" + build + ", " +
        std::to_string(id) + ", 'b', 1, '{a}', 'running', 1, '[]'), (" + build + ", " +
        std::to_string(id) + ", 'c', 2, '{a}', 'ready', 0, '[]'), (" + build + ", " +
        std::to_string(id) + ", 'd', 3, '{b,c}', 'blocked', 0, '[]')");
    connection->runText("insert into blobs (digest, size, content) values ('" +
                        Digest::of("made by a").text() + "', 9, 'made by a')");
    connection->runText(
        "insert into job_attempts (job_id, n, instance) select id, 1, 1 from jobs where name = "
        "'b'");
  }
  membership.become(join("host-a"));
  EXPECT_EQ(connection->run("release_plans").size(), 1u);
  BuildStage stage(*host, liveQueue(), 1, 2);
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(text("select count(*) from builds"), "1");
  EXPECT_EQ(text("select string_agg(name || attempt, ' ' order by position) from jobs"),
            "a1 b2 c1 d1");
  EXPECT_EQ(text("select status from job_attempts where n = 1 and job_id = (select id from jobs "
                 "where name = 'b')"),
            "lost");
}

TEST_F(BuildStageTest, CancelEndsABuild) {
  queue.builder.plugin = "planwright.noop-builder";
  queue.builder.settingsJson = R"({"sleep":60000})";
  BuildStage stage(*host, liveQueue(), 1, 1);
  plan(R"({"jobs":[{"id":"a"},{"id":"b","needs":["a"]}]})");
  ASSERT_TRUE(
      becomes("select string_agg(status, ' ' order by position) from jobs", "running blocked"));
  connection->run("request_cancel_plan", {text("select id from plans"), 0, "test"});
  ASSERT_TRUE(becomes("select status from plans", "cancelled"));
  EXPECT_EQ(jobs(), "a cancelled, b cancelled");
}

TEST_F(BuildStageTest, StoppingGivesTheBuildBackAndCountsNothing) {
  queue.builder.plugin = "planwright.noop-builder";
  queue.builder.settingsJson = R"({"sleep":60000})";
  {
    BuildStage stage(*host, liveQueue(), 1, 1);
    plan(R"({"jobs":[{"id":"a"}]})");
    ASSERT_TRUE(becomes("select status from jobs", "running"));
  }
  EXPECT_EQ(text("select status || ' ' || attempt || ' ' || build_open || ' ' || (queued_at is not "
                 "null) from plans"),
            "ready_for_build 0 true true");
  EXPECT_EQ(text("select status from jobs"), "ready");
  EXPECT_EQ(text("select max_attempts from jobs"), "4");
}

TEST_F(BuildStageTest, AFloodOfOneSourceDelaysAnotherByTwoSlotsAtMost) {
  queue.builder.plugin = "planwright.noop-builder";
  queue.builder.settingsJson = R"({"sleep":100})";
  for (int i = 0; i < 60; ++i)
    plan(R"({"jobs":[{"id":"a"}],"summary":{"n":)" + std::to_string(i) + "}}");
  BuildStage stage(*host, liveQueue(), 2, 2);
  ASSERT_TRUE(becomes("select count(*) > 4 from builds where status = 'built'", "t"));
  const auto single = std::to_string(plan(R"({"jobs":[{"id":"b"}]})"));
  connection->runText("update plans set source = 'other' where id = " + single);
  const std::string begun = text("select count(*) from builds");
  ASSERT_TRUE(becomes("select status from plans where id = " + single, "built"));
  const std::string own = text("select id from builds where plan_id = " + single);
  EXPECT_LE(std::stoi(text("select count(*) from builds where id < " + own)), std::stoi(begun) + 2);
  EXPECT_LT(std::stoi(text("select count(*) from builds where status = 'built'")), 30);
}

TEST_F(BuildStageTest, TheNextBuildStartsWithTheLongestPath) {
  const std::string document =
      R"({"jobs":[{"id":"short","spec":{"command":["make","short"]}},
                  {"id":"slow","spec":{"command":["make","slow"]}},
                  {"id":"middle","spec":{"command":["make","middle"]}}]})";
  meanwhile = [](const std::string& name) {
    static const std::map<std::string, int> ms = {{"short", 1}, {"middle", 150}, {"slow", 400}};
    std::this_thread::sleep_for(std::chrono::milliseconds(ms.at(name)));
  };
  BuildStage stage(*host, liveQueue(), 1, 1);
  const auto id = plan(document);
  ASSERT_TRUE(becomes("select status from plans", "built"));
  EXPECT_EQ(text("select string_agg(name, ' ' order by seconds) from job_durations"),
            "short middle slow");
  ran_.lock()->clear();
  enqueue(id, "all", true);
  ASSERT_TRUE(becomes("select count(*) from builds where status = 'built'", "2"));
  EXPECT_EQ(*ran_.lock(), (std::vector<std::string>{"slow", "middle", "short"}));
}

}  // namespace
}  // namespace planwright::build_stage_test
