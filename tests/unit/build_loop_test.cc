#include "building/build_loop.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"
#include "support/temp_folder.h"

namespace planwright::build_loop_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What is written, kept in memory: each new job gets an id, each start becomes a task.
class MemoryBuilds final : public BuildStore {
 public:
  Result<std::shared_ptr<const PlanDocument>> document(const ClaimedPlan&) override {
    if (!plan) return Error{ErrorKind::Invalid, "It is torn.", {}, {}};
    return plan;
  }
  std::unordered_map<std::int64_t, std::vector<KnownJob>> takeOver(
      const std::vector<ClaimedPlan>& plans) override {
    std::unordered_map<std::int64_t, std::vector<KnownJob>> all;
    if (!known.empty()) all[number(plans.front().build)] = known;
    return all;
  }
  std::vector<KnownJob> succeededBefore(const ClaimedPlan&) override { return {}; }
  std::map<std::string, double> durations(
      const std::vector<std::shared_ptr<const PlanDocument>>&) override {
    return {};
  }
  std::optional<Written> write(const Round& round, OpenBuilds& builds,
                               const std::stop_token&) override {
    if (isAway) return std::nullopt;
    Written written;
    for (const auto id : round.inserted)
      for (int job = 0; job < builds.at(number(id))->graph().size(); ++job)
        builds.at(number(id))->setId(job, JobId{100 + job});
    for (const auto& start : round.starts) {
      if (refusesStarts) continue;
      OpenBuild& build = *builds.at(number(start.build));
      build.setAttempt(start.position, 1);
      written.tasks.push_back(*build.task(start.position, AttemptId{++attempts}, 1));
    }
    for (const auto& change : round.changes)
      changes.push_back(std::to_string(number(change.id)) + " " +
                        std::string(toText(change.status)));
    finished.insert(finished.end(), round.finished.begin(), round.finished.end());
    for (const auto& entry : round.results) cache.insert(entry.key);
    return written;
  }
  CachedAnswers cached(OpenBuilds& builds, const std::vector<JobPlace>& places) override {
    CachedAnswers answers;
    for (const auto& place : places) {
      OpenBuild& build = *builds.at(number(place.build));
      if (!build.job(place.position).cacheable) continue;
      const std::string key = build.job(place.position).name;
      build.setCache(place.position, key, {});
      if (cache.contains(key)) answers.ends.push_back(cachedEnd(place, "[]", true));
    }
    return answers;
  }
  std::optional<CacheEntry> cacheEntry(const OpenBuild& build, const JobResult& result) override {
    const std::string& key = build.cacheKey(result.position);
    if (key.empty() || result.status != JobStatus::Succeeded) return std::nullopt;
    CacheEntry entry;
    entry.key = key;
    return entry;
  }
  std::vector<std::string> lost(const std::vector<std::string>&) override { return {}; }

  std::shared_ptr<const PlanDocument> plan;
  std::vector<KnownJob> known;
  bool isAway = false, refusesStarts = false;
  std::int64_t attempts = 0;
  std::vector<std::string> changes;
  std::vector<FinishedBuild> finished;
  std::set<std::string> cache;
};

class NoBlobs final : public BlobStore {
  Result<StagedBlob> stage(int, std::int64_t, const ReadCheck&) override { return notFound(""); }
  StagedBlob stageBytes(std::string_view) override { return {}; }
  Result<UniqueFd> open(const Digest&) override { return notFound(""); }
};

PlannedJob job(const std::string& name, std::vector<int> needs = {}) {
  PlannedJob job;
  job.name = name;
  job.needs = std::move(needs);
  return job;
}

class BuildLoopTest : public testing::Test, BuildLoop::Doors {
 protected:
  static QueueConfig config() {
    QueueConfig config;
    config.name = "q";
    return config;
  }
  void planOf(std::vector<PlannedJob> jobs) {
    PlanDocument document;
    document.jobs = std::move(jobs);
    store.plan = std::make_shared<const PlanDocument>(std::move(document));
  }
  void step(BuildMessage messages = {}) {
    tasks.clear();
    loop.step(std::move(messages), {});
  }
  void claim(std::int64_t fence = 1, std::int64_t id = 1) {
    ClaimedPlan plan;
    plan.id = PlanId{id};
    plan.build = BuildId{id * 10};
    plan.fence = fence;
    plan.jobCount = store.plan ? static_cast<int>(store.plan->jobs.size()) : 1;
    plan.document = "";
    step({.claimed = {plan}, .ended = {}, .cancelled = {}, .cancelledJobs = {}, .read = {}});
  }
  void end(const JobTask& task, JobStatus status) {
    JobResult result;
    result.build = task.build;
    result.position = task.position;
    result.attemptId = task.attemptId;
    result.status = status;
    if (status == JobStatus::Failed) result.failureClass = "failed";
    step({.claimed = {}, .ended = {result}, .cancelled = {}, .cancelledJobs = {}, .read = {}});
  }
  std::vector<std::string> started() const {
    std::vector<std::string> names;
    for (const auto& task : tasks) names.push_back(task.job().name);
    return names;
  }

  int jobSlots() override { return slots; }
  void startJobs(std::vector<JobTask> now) override { tasks = std::move(now); }
  void read(std::vector<UnreadResult>) override {}
  void stopJobs(const std::vector<JobPlace>& jobs) override {
    for (const auto& place : jobs) stopped.push_back(place.position);
  }
  void released(const std::vector<PlanId>& plans, std::chrono::microseconds) override {
    for (const auto plan : plans) gone.push_back(number(plan));
  }

  TempFolder folder;
  Live<Config> live{Config{}};
  Database database{"unused"};
  NoBlobs blobs;
  Bell bell;
  Membership membership;
  Metrics metrics;
  FakeClock clock;
  LogWriter logs{folder.path()};
  const Host host{live, database, {}, blobs, bell, membership, metrics, clock, logs, {}, {}, {}};
  LiveQueue queue{config(), nullptr};
  MemoryBuilds store;
  BuildLoop loop{host, queue, store, *this};
  int slots = 2;
  std::vector<JobTask> tasks;
  std::vector<int> stopped;
  std::vector<std::int64_t> gone;
};

TEST_F(BuildLoopTest, AJobStartsWhenWhatItNeedsHasSucceeded) {
  planOf({job("compile"), job("link", {0})});
  claim();
  ASSERT_THAT(started(), ElementsAre("compile"));
  end(JobTask(tasks.at(0)), JobStatus::Succeeded);
  ASSERT_THAT(started(), ElementsAre("link"));
  EXPECT_THAT(gone, IsEmpty());
  end(JobTask(tasks.at(0)), JobStatus::Succeeded);
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(store.finished[0].outcome, FinishedBuild::Outcome::Built);
  EXPECT_THAT(gone, ElementsAre(1));
  EXPECT_TRUE(loop.isIdle());
}

TEST_F(BuildLoopTest, ABuildGoesOnAfterAFailureAndSkipsWhatNeedsIt) {
  slots = 1;
  planOf({job("broken"), job("after", {0}), job("other")});
  claim();
  ASSERT_EQ(tasks.size(), 1U);
  const bool isBrokenFirst = started().front() == "broken";
  end(JobTask(tasks.at(0)), isBrokenFirst ? JobStatus::Failed : JobStatus::Succeeded);
  ASSERT_EQ(tasks.size(), 1U);
  end(JobTask(tasks.at(0)), isBrokenFirst ? JobStatus::Succeeded : JobStatus::Failed);
  EXPECT_THAT(started(), IsEmpty());
  EXPECT_THAT(store.changes, testing::Contains("101 dep_failed"));
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(store.finished[0].outcome, FinishedBuild::Outcome::Failed);
  EXPECT_EQ(store.finished[0].jobsDone, 1);
}

TEST_F(BuildLoopTest, NoMoreJobsRunThanThereAreSlots) {
  planOf({job("a"), job("b"), job("c")});
  claim();
  EXPECT_EQ(tasks.size(), 2U);
  end(JobTask(tasks.at(0)), JobStatus::Succeeded);
  EXPECT_EQ(tasks.size(), 1U);
  EXPECT_EQ(loop.runningJobs(), 2U);
}

TEST_F(BuildLoopTest, AStartThatWasRefusedHoldsNoSlot) {
  planOf({job("a"), job("b")});
  store.refusesStarts = true;
  claim();
  EXPECT_THAT(started(), IsEmpty());
  EXPECT_EQ(loop.runningJobs(), 0U);
}

TEST_F(BuildLoopTest, NothingStartsThatIsNotCommitted) {
  planOf({job("a")});
  store.isAway = true;
  claim();
  EXPECT_THAT(started(), IsEmpty());
}

TEST_F(BuildLoopTest, ACancelledBuildStopsWhatRunsAndStartsNothingElse) {
  slots = 1;
  planOf({job("a"), job("b")});
  claim();
  const auto running = tasks.at(0);
  step({.claimed = {}, .ended = {}, .cancelled = {PlanId{1}}, .cancelledJobs = {}, .read = {}});
  EXPECT_THAT(stopped, ElementsAre(running.position));
  EXPECT_THAT(gone, IsEmpty()) << "a job of it still runs";
  end(running, JobStatus::Cancelled);
  EXPECT_THAT(started(), IsEmpty());
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(store.finished[0].outcome, FinishedBuild::Outcome::Cancelled);
}

TEST_F(BuildLoopTest, AHostThatLeavesGivesBuildsBackWhenTheirJobsAreBack) {
  slots = 1;
  planOf({job("a"), job("b")});
  claim();
  const auto running = tasks.at(0);
  loop.drain();
  step();
  EXPECT_THAT(store.finished, IsEmpty());
  end(running, JobStatus::Succeeded);
  EXPECT_THAT(started(), IsEmpty());
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(store.finished[0].outcome, FinishedBuild::Outcome::Later);
  EXPECT_FALSE(store.finished[0].countAttempt);
}

TEST_F(BuildLoopTest, ABuildThatGoesOnRunsOnlyWhatIsLeft) {
  planOf({job("done"), job("left", {0})});
  KnownJob done, left;
  done.build = left.build = BuildId{10};
  done.id = JobId{100};
  done.status = JobStatus::Succeeded;
  left.id = JobId{101};
  left.position = 1;
  left.status = JobStatus::Blocked;
  store.known = {done, left};
  claim(2);
  EXPECT_THAT(started(), ElementsAre("left"));
}

TEST_F(BuildLoopTest, OfJobsThatDoTheSameOneRunsAndTheOthersHaveItsResult) {
  slots = 4;
  PlannedJob same = job("same"), other = job("other");
  same.cacheable = true;
  planOf({same, other});
  claim(1, 1);
  const auto first = tasks;
  ASSERT_THAT(started(), ElementsAre("same", "other"));
  claim(1, 2);
  ASSERT_THAT(started(), ElementsAre("other")) << "the result of this one is nobody else's";
  end(JobTask(tasks.at(0)), JobStatus::Succeeded);
  EXPECT_THAT(store.finished, IsEmpty());
  end(first.at(0), JobStatus::Succeeded);
  EXPECT_EQ(loop.untilDue(), std::chrono::milliseconds(0));
  step();
  EXPECT_THAT(started(), IsEmpty());
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(number(store.finished[0].build), 20);
  EXPECT_EQ(store.finished[0].jobsDone, 2);
}

TEST_F(BuildLoopTest, WhenAJobFailsThatOthersWaitedForTheNextOfThemRuns) {
  slots = 4;
  PlannedJob same = job("same");
  same.cacheable = true;
  planOf({same});
  claim(1, 1);
  const JobTask first = tasks.at(0);
  claim(1, 2);
  claim(1, 3);
  EXPECT_EQ(loop.runningJobs(), 1U);
  end(first, JobStatus::Failed);
  step();
  ASSERT_EQ(tasks.size(), 1U);
  const JobTask second = tasks.at(0);
  EXPECT_EQ(number(second.build), 20);
  step({.claimed = {}, .ended = {}, .cancelled = {PlanId{3}}, .cancelledJobs = {}, .read = {}});
  EXPECT_THAT(gone, ElementsAre(1, 3));
  end(second, JobStatus::Succeeded);
  step();
  EXPECT_TRUE(loop.isIdle());
}

TEST_F(BuildLoopTest, APlanThatCannotBeReadFails) {
  claim();
  ASSERT_EQ(store.finished.size(), 1U);
  EXPECT_EQ(store.finished[0].outcome, FinishedBuild::Outcome::Failed);
  EXPECT_THAT(store.finished[0].error, testing::HasSubstr("It is torn."));
  EXPECT_THAT(gone, ElementsAre(1));
}

}  // namespace
}  // namespace planwright::build_loop_test
