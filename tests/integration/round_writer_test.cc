#include "building/round_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoints.h"
#include "building/build_loop.h"
#include "building/build_store.h"
#include "store/plans.h"
#include "store/remote_jobs.h"
#include "support/line_fixture.h"
#include "support/planned.h"

namespace planwright::round_writer_test {
namespace {

using testing::HasSubstr;

/// A build loop over Postgres whose jobs are run by the test, so that it knows what is in a round.
class RoundWriterTest : public LineFixture, BuildLoop::Doors {
 protected:
  /// Opens a build with one job for each name. The jobs run then; gives the last one's task.
  JobTask begin(const std::string& job) {
    const std::string document = fmt::format(R"({{"jobs":[{{"id":"{}","spec":{{}}}}]}})", job);
    const auto input = record(*intake, job, document);
    const auto plan = planInput(*connection, instance(), input, document);
    connection->run("enqueue_plans",
                    {"{" + std::to_string(plan) + "}", false, "test", "all", true});
    step({.claimed = Plans(*connection).claim({plan}, instance(), "default"),
          .ended = {},
          .cancelled = {},
          .cancelledJobs = {},
          .read = {}});
    return tasks.at(0);
  }
  JobResult end(const JobTask& task, JobStatus status = JobStatus::Succeeded) {
    JobResult result;
    result.build = task.build;
    result.position = task.position;
    result.attemptId = task.attemptId;
    result.status = status;
    result.stoppedByHost = status == JobStatus::Ready;  // whatever its budget
    if (status == JobStatus::Failed || status == JobStatus::TimedOut)
      result.failureClass = toText(FailureClass::Failed);
    return result;
  }
  /// The job stands at another engine, and its attempt ended like that.
  JobResult endAt(const JobTask& task, JobStatus status, RemoteEnd remoteEnd) {
    JobResult result = end(task, status);
    result.remoteToken = "token-of-" + task.job().name;
    result.remoteEnd = remoteEnd;
    RemoteJob remote;
    remote.token = result.remoteToken;
    EXPECT_TRUE(
        RemoteJobs(*connection).begin(idOf(task.job().name), task.attemptId, "default", remote));
    return result;
  }
  JobId idOf(const std::string& job) {
    return JobId{std::stoll(text("select id from jobs where name = '" + job + "'"))};
  }
  InstanceId instance() const { return InstanceId{membership.instance()}; }
  void step(BuildMessage messages, const std::stop_token& stop = {}) {
    tasks.clear();
    loop.step(std::move(messages), stop);
  }
  /// One round of these ends. The loop does not wait for Postgres and gives up.
  void round(std::vector<JobResult> ended) {
    std::stop_source stop;
    stop.request_stop();
    step({.claimed = {},
          .ended = std::move(ended),
          .cancelled = {},
          .cancelledJobs = {},
          .read = {}},
         stop.get_token());
  }
  /// Postgres takes no end of that job.
  void refuse(const std::string& job) {
    connection->runText("alter table jobs add check (name <> '" + job +
                        "' or status not in ('succeeded', 'cached'))");
  }

  int jobSlots() override { return 8; }
  void startJobs(std::vector<JobTask> now) override { tasks = std::move(now); }
  void read(std::vector<UnreadResult>) override {}
  void stopJobs(const std::vector<JobPlace>&) override {}
  void released(const std::vector<PlanId>&, std::chrono::microseconds) override {}

  std::unique_ptr<PostgresRecorder> intake = recorder();
  PostgresBuilds store{*host, liveQueue()};
  BuildLoop loop{*host, liveQueue(), store, *this};
  std::vector<JobTask> tasks;
};

// Each build was written with the blobs of all, so that one blob failed all of them.
TEST_F(RoundWriterTest, ABlobThatCannotBeStoredEndsItsBuildAlone) {
  connection->runText("alter table blobs add check (size <> 13)");
  JobResult refused = end(begin("refused")), other = end(begin("other"));
  refused.blobs = {blobs->stageBytes("thirteen byte")};
  other.blobs = {blobs->stageBytes("and more of them")};
  const std::string stored = other.blobs[0].digest.text();
  round({refused, other});
  EXPECT_EQ(text("select string_agg(filename || ' ' || status, ', ' order by filename) from plans"),
            "other built, refused failed");
  EXPECT_EQ(text("select count(*) from blobs where digest = '" + stored + "'"), "1");
}

// Their tokens were written after all builds: a host that died in between left jobs that ran again
// and took the old end from the engine for their own.
TEST_F(RoundWriterTest, WhatAJobLeavesAtAnEngineIsWrittenWithItsEnd) {
  refuse("refused");
  const JobTask refused = begin("refused"), again = begin("again"), over = begin("over");
  begin("last");
  const auto unwanted = endAt(again, JobStatus::Ready, RemoteEnd::IsUnwanted);
  const auto ended = endAt(over, JobStatus::Ready, RemoteEnd::IsOver);
  // As if the host died after these two, before the rest of the round.
  ASSERT_TRUE(turnOnFailpoints("job.commit.after=error@2x1"));
  const std::shared_ptr<void> off(nullptr, [](void*) { EXPECT_TRUE(turnOnFailpoints("")); });
  round({end(refused), unwanted, ended});
  EXPECT_EQ(text("select string_agg(name || ' ' || status, ', ' order by name) from jobs"),
            "again ready, last running, over ready, refused failed");
  EXPECT_EQ(text("select string_agg(token || ' ' || withdrawn, ', ') from remote_jobs"),
            "token-of-again true");
}

// The whole round was written again for ever.
TEST_F(RoundWriterTest, AHoldWhoseReasonCannotBeStoredHoldsTheQueue) {
  connection->runText("alter table queues add check (build_held not like 'unspeakable%')");
  JobResult holding = end(begin("holding"), JobStatus::Ready), other = end(begin("other"));
  holding.hold = {"unspeakable", {}};
  round({holding, other});
  EXPECT_THAT(text("select build_held from queues"), HasSubstr("the host's log says why"));
  EXPECT_EQ(text("select status from plans where filename = 'other'"), "built");
  EXPECT_EQ(text("select status from jobs where name = 'holding'"), "ready");
}

TEST_F(RoundWriterTest, AHoldIsTheFirstThatIsWrittenAndSaidOnce) {
  refuse("refused");
  const JobTask refused = begin("refused"), holding = begin("holding");
  JobResult held = end(holding, JobStatus::Ready);
  held.hold = {"Its settings are wrong.", {}};
  ASSERT_TRUE(turnOnFailpoints("job.commit.before=error@2x1"));
  const std::shared_ptr<void> off(nullptr, [](void*) { EXPECT_TRUE(turnOnFailpoints("")); });
  round({end(refused), held});
  EXPECT_EQ(text("select status from jobs where name = 'holding'"), "running") << "not written yet";
  EXPECT_EQ(text("select build_held from queues"), "Its settings are wrong.");
  QueueRows(*connection).holdBuilding("default", "Its settings are wrong.", {});
  EXPECT_EQ(text("select count(*) from events where type = 'queue.held'"), "1");
}

// Lists of what failed read an index of jobs that have an error.
TEST_F(RoundWriterTest, AJobThatFailsWithoutAWordIsInTheListOfThat) {
  round({end(begin("silent"), JobStatus::Failed), end(begin("late"), JobStatus::TimedOut)});
  const Rows rows = connection->run("api_jobs_attention",
                                    {std::int64_t{1} << 40, std::nullopt, "{failed,timed_out}",
                                     std::nullopt, std::nullopt, 0, 10});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.text(1, "error"), "Its builder did not say why it failed.");
}

}  // namespace
}  // namespace planwright::round_writer_test
