#include <chrono>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "building/build_stage.h"
#include "control/explain.h"
#include "support/build_stage_fixture.h"

namespace planwright::explained_jobs_test {
namespace {

/// Jobs with random needs, each of which runs until the test lets it end; one waits for its retry.
class ExplainedJobsTest : public BuildStageFixture {
 protected:
  static constexpr int kJobs = 14;
  static constexpr int kSlots = 2;

  ExplainedJobsTest() {
    queue.retry.first = std::chrono::hours(1);
    infraFailures = {"j1"};
    meanwhile = [this](const std::string& name) {
      begun_.lock()->insert(name);
      mayEnd_.waitFor(std::chrono::seconds(30), {},
                      [&](const auto& names) { return names.contains(name); });
    };
  }
  std::string document() {
    std::string jobs;
    for (int i = 0; i < kJobs; ++i) {
      std::string needs;
      for (int j = 0; j < i; ++j)
        if (random_() % 5 == 0) needs += fmt::format("{}\"j{}\"", needs.empty() ? "" : ",", j);
      jobs += fmt::format(
          R"({}{{"id":"j{}","needs":[{}],"outputs":["*"],"spec":{{"command":["make","j{}"]}}}})",
          i == 0 ? "" : ",", i, needs, i);
    }
    return fmt::format(R"({{"jobs":[{}]}})", jobs);
  }
  std::vector<std::string> blockers(const std::string& job) {
    std::vector<std::string> codes;
    const auto answer = parseJson(*explain(Listed::Jobs, *connection, std::stoll(job)));
    for (const auto& item : find(*answer, "items")->GetArray())
      codes.push_back(textOr(item, "code"));
    return codes;
  }
  /// Nothing that could run waits for anything but a slot.
  bool isQuiet() {
    return becomes(fmt::format("select count(*) filter (where status = 'running') >= least({}, "
                               "count(*) filter (where status = 'running' or (status = 'ready' and "
                               "not_before <= now()))) from jobs",
                               kSlots),
                   "t");
  }
  void compare() {
    const auto running = std::stoi(text("select count(*) from jobs where status = 'running'"));
    const Rows jobs = connection->runText("select id, name, status, not_before <= now() from jobs");
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      SCOPED_TRACE(jobs.text(i, 1) + " is " + jobs.text(i, 2));
      const auto codes = blockers(jobs.text(i, 0));
      const bool isWaiting = jobs.text(i, 2) == "ready" || jobs.text(i, 2) == "blocked";
      EXPECT_EQ(codes.empty(), !isWaiting) << "the scheduler has taken what nothing keeps back";
      if (jobs.text(i, 2) == "blocked") {
        EXPECT_EQ(codes.at(0), "waiting_for_needs");
      } else if (isWaiting && jobs.flag(i, 3)) {
        EXPECT_THAT(codes, testing::ElementsAre("resources"));
        EXPECT_GE(running, kSlots) << "there really is no slot";
      } else if (isWaiting) {
        EXPECT_THAT(codes, testing::ElementsAre("backoff"));
      }
    }
  }
  /// One that a thread has taken; quick jobs are started ahead of that. Empty: none is running.
  std::string oneThatRuns() {
    std::string name;
    EXPECT_TRUE(eventually([&] {
      const Rows running =
          connection->runText("select name from jobs where status = 'running' order by md5(name)");
      for (std::size_t i = 0; i < running.size() && name.empty(); ++i)
        if (begun_.lock()->contains(running.text(i, 0))) name = running.text(i, 0);
      return running.size() == 0 || !name.empty();
    }));
    return name;
  }
  Guarded<std::set<std::string>> begun_, mayEnd_;
  std::mt19937 random_{20261123};
};

TEST_F(ExplainedJobsTest, NothingKeepsAJobBackExactlyWhenItIsStarted) {
  plan(document());
  BuildStage stage(*host, liveQueue(), 1, kSlots);
  ASSERT_TRUE(becomes("select count(*) from jobs", std::to_string(kJobs)));
  for (int ended = 0; ended <= kJobs; ++ended) {
    ASSERT_TRUE(isQuiet());
    compare();
    const std::string name = oneThatRuns();
    if (name.empty()) break;
    mayEnd_.lock()->insert(name);
    mayEnd_.notifyAll();
    ASSERT_TRUE(becomes("select status <> 'running' from jobs where name = '" + name + "'", "t"));
  }
  EXPECT_EQ(text("select status || ' ' || (not_before > now()) from jobs where name = 'j1'"),
            "ready true");
}

}  // namespace
}  // namespace planwright::explained_jobs_test
