#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "building/build_stage.h"
#include "control/item_json.h"
#include "support/build_stage_fixture.h"

namespace planwright::job_cache_test {
namespace {

using testing::HasSubstr;

class JobCacheTest : public BuildStageFixture {
 protected:
  ProgramExit succeed(const ProgramSpec& spec, const std::string& name) override {
    replaceFile(spec.cwd + "/" + name + ".txt", "made by " + name + std::string(padding, '.'));
    if (name == damages.first) damage(std::exchange(damages.second, {}));
    const bool isOpen = name == open;
    return {.code = 0,
            .sandbox = isOpen ? "none" : "namespaces",
            .network = isOpen ? Network::Host : Network::None};
  }
  /// Cuts the file of what a job has made.
  void damage(const std::string& job) const {
    if (job.empty()) return;
    const auto file = folderBlobs->pathOf(Digest::of("made by " + job + std::string(padding, '.')));
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    std::filesystem::resize_file(file, 1000);
  }
  static std::string job(const std::string& name, const std::string& needs = "",
                         const std::string& more = R"("cacheable":true)") {
    std::string inputs, list;
    for (const char need : needs) {
      inputs += (inputs.empty() ? "" : ",") + std::string("\"") + need + ".txt\":\"" + need + "/" +
                need + ".txt\"";
      list += (list.empty() ? "\"" : ",\"") + std::string(1, need) + "\"";
    }
    return R"({"id":")" + name + R"(","needs":[)" + list + R"(],"inputs":{)" + inputs +
           R"(},"outputs":[")" + name + R"(.txt"],"spec":{"command":["make",")" + name + "\"]}" +
           (more.empty() ? "" : ",") + more + "}";
  }
  static std::string diamond(const std::string& extra = "") {
    return R"({"jobs":[)" + job("a") + "," + job("b", "a") + "," + job("c", "a") + "," +
           job("d", "bc") + R"(],"summary":{"v":")" + extra + "\"}}";
  }
  /// Builds the plan and gives how its jobs ended.
  std::string build(std::int64_t plan, const std::string& mode = "all", bool useCache = true,
                    const std::string& outcome = "built") {
    ran_.lock()->clear();
    enqueue(plan, mode, true, useCache);
    const std::string id = std::to_string(plan);
    EXPECT_TRUE(becomes("select status from plans where id = " + id, outcome));
    return text(
        "select string_agg(name || ' ' || status, ', ' order by position) from jobs where "
        "build_id = (select build_id from plans where id = " +
        id + ")");
  }
  std::vector<std::string> ran() {
    auto names = *ran_.lock();
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string why(const std::string& name) {
    return text("select cache ->> 'result' || ': ' || (cache ->> 'why') from jobs where name = '" +
                name + "' order by id desc limit 1");
  }
  /// Of the latest build.
  std::string sealed() {
    return text(
        "select coalesce(string_agg(name, '' order by name), '') from jobs where sealed and "
        "build_id = (select max(build_id) from jobs)");
  }
  using Names = std::vector<std::string>;
  static constexpr const char* kAllCached = "a cached, b cached, c cached, d cached";

  std::string open;                             ///< the job that no sandbox keeps from anything
  std::pair<std::string, std::string> damages;  ///< the job that does it, and whose output
  std::size_t padding = 0;                      ///< of each output
};

TEST_F(JobCacheTest, TheSecondBuildRunsNothing) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto first = planOf(diamond());
  build(first);
  EXPECT_EQ(ran(), (Names{"a", "b", "c", "d"}));
  EXPECT_THAT(why("a"), HasSubstr("miss: No job of this name"));
  EXPECT_EQ(build(first), kAllCached);
  EXPECT_EQ(build(planOf(diamond("another plan, the same jobs"))), kAllCached);
  EXPECT_EQ(ran(), Names{});
  EXPECT_THAT(why("d"), HasSubstr("hit: Job "));
  EXPECT_EQ(text("select count(*) from job_attempts"), "4") << "none for what is cached";
  EXPECT_EQ(text("select count(distinct manifest_digest) from builds where plan_id = 1"), "2")
      << "a manifest each";
}

TEST_F(JobCacheTest, WhatChangedRunsAgainAndSaysWhatChanged) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  build(planOf(diamond()));
  std::string changed = diamond();
  changed.replace(changed.find(R"(["make","c"])"), 12, R"(["MAKE","c"])");
  EXPECT_EQ(build(planOf(changed)), "a cached, b cached, c succeeded, d cached")
      << "c made the same bytes, so d need not run";
  EXPECT_EQ(ran(), Names{"c"});
  EXPECT_THAT(why("c"), HasSubstr("differs in command"));
}

TEST_F(JobCacheTest, LostBytesAreMadeAgain) {
  padding = 40'000;  // large ones are files, small ones rows
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto id = planOf(diamond());
  build(id);
  const auto digest = Digest::of("made by a" + std::string(padding, '.'));
  ASSERT_TRUE(folderBlobs->open(digest));
  std::size_t gone = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "blobs"))
    if (entry.path().filename().string().find(std::string(digest.hex()).substr(4)) !=
        std::string::npos)
      gone += std::filesystem::remove(entry.path());
  ASSERT_EQ(gone, 1u);
  EXPECT_EQ(build(id), "a succeeded, b cached, c cached, d cached");
  EXPECT_THAT(why("a"), HasSubstr("the bytes of a.txt are gone"));
  padding = 0;
  const auto other = planOf(diamond("small"));
  build(other, "all", false);
  connection->runText("delete from blobs where digest = '" + Digest::of("made by b").text() + "'");
  EXPECT_EQ(build(other), "a cached, b succeeded, c cached, d cached");
}

TEST_F(JobCacheTest, DamagedBytesAreMadeAgain) {
  padding = 40'000;
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto id = planOf(diamond());
  build(id);
  damage("a");
  EXPECT_EQ(build(id), "a succeeded, b cached, c cached, d cached");
  EXPECT_THAT(why("a"), HasSubstr("the bytes of a.txt are gone"));
  EXPECT_EQ(
      text("select string_agg(type, ' ' order by id) from events where subject like 'blob/%'"),
      "blob.lost");
  EXPECT_EQ(build(id), kAllCached);
  EXPECT_EQ(
      text("select string_agg(type, ' ' order by id) from events where subject like 'blob/%'"),
      "blob.lost blob.back");
  padding = 0;
  const auto other = planOf(diamond("small"));
  build(other, "all", false);
  connection->runText("update blobs set content = 'x' where digest = '" +
                      Digest::of("made by b").text() + "'");
  EXPECT_EQ(build(other), "a cached, b succeeded, c cached, d cached");
  EXPECT_EQ(build(other), kAllCached);
}

TEST_F(JobCacheTest, ALargeResultIsReadBeforeItCounts) {
  padding = static_cast<std::size_t>(kHashedAtOnceBytes);
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto id = planOf(diamond());
  build(id);
  ASSERT_FALSE(blobs->isOpenedAtOnce(Digest::of("made by d" + std::string(padding, '.'))))
      << "nobody has read the last one";
  EXPECT_EQ(build(id), kAllCached);
  damage("d");
  EXPECT_EQ(build(id), "a cached, b cached, c cached, d succeeded");
}

TEST_F(JobCacheTest, AProducerRunsAgainWhenTheBytesForItsConsumerAreDamaged) {
  padding = 40'000;
  BuildStage stage(*host, liveQueue(), 1, 1);
  damages = {"c", "b"};  // after b's result is on record, before d reads it
  EXPECT_EQ(build(planOf(diamond()), "all", false),
            "a succeeded, b succeeded, c succeeded, d succeeded");
  EXPECT_EQ(ran(), (Names{"a", "b", "b", "c", "d"}));
  EXPECT_EQ(text("select count(*) from events where type = 'job.redo'"), "1");
}

TEST_F(JobCacheTest, AProducerRunsAgainWhenItsConsumerMissesItsOutput) {
  BuildStage stage(*host, liveQueue(), 1, 1);
  failing = "d";
  const auto id = planOf(diamond());
  build(id, "all", true, "failed");
  failing.clear();
  connection->runText("update job_cache set expires_at = now() where not good");
  // Between the look for what is there and the use of it: d finds that b.txt is gone.
  std::string document = diamond("late");
  const auto late = planOf(document);
  const std::string wanted = Digest::of("made by b").text();
  connection->runText(
      "create function lose() returns trigger language plpgsql as $$ begin delete "
      "from blobs where digest = '" +
      wanted +
      "' and not exists (select from "
      "events where type = 'job.redo'); return null; end $$; create trigger lose "
      "after update on jobs for each row when (new.name = 'd' and new.status = "
      "'running') execute function lose()");
  EXPECT_EQ(build(late), "a cached, b succeeded, c cached, d succeeded");
  EXPECT_EQ(ran(), (Names{"b", "d"}));
  EXPECT_EQ(text("select count(*) from events where type = 'job.redo'"), "1");
}

TEST_F(JobCacheTest, AResultIsAsSealedAsTheAttemptThatItComesFrom) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  open = "b";  // no sandbox keeps it from anything
  const auto id = planOf(diamond());
  build(id);
  EXPECT_EQ(sealed(), "acd");
  open.clear();
  EXPECT_EQ(build(id), kAllCached);
  EXPECT_EQ(sealed(), "acd") << "what is cached is what ran open";
  build(id, "all", false);
  EXPECT_EQ(sealed(), "abcd");
  EXPECT_EQ(build(id), kAllCached);
  EXPECT_EQ(sealed(), "abcd") << "the later result counts";
}

TEST_F(JobCacheTest, WhatIsTakenFromTheBuildBeforeIsAsSealedAsItWasThere) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  open = "a";
  failing = "c";
  const auto id = planOf(R"({"jobs":[)" + job("a", "", "") + "," + job("b", "", "") + "," +
                         job("c", "", "") + "]}");
  build(id, "all", true, "failed");
  EXPECT_EQ(sealed(), "b");
  open.clear();
  failing.clear();
  EXPECT_EQ(build(id, "failed"), "a cached, b cached, c succeeded");
  EXPECT_EQ(sealed(), "bc");
}

/// The rows of such jobs once had neither outputs nor an end.
TEST_F(JobCacheTest, WhatIsTakenFromTheBuildBeforeCanBeTakenAgain) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  failing = "c";
  const auto id = planOf(R"({"jobs":[)" + job("a", "", "") + "," + job("c", "a", "") + "]}");
  for (int i = 0; i < 2; ++i) build(id, "failed", true, "failed");
  failing.clear();
  EXPECT_EQ(build(id, "failed"), "a cached, c succeeded");
  EXPECT_EQ(
      text(
          "select count(distinct outputs) || ' ' || count(finished_at) from jobs where name = 'a'"),
      "1 3");
}

TEST_F(JobCacheTest, AskedToUseNoCacheABuildRunsAllAndKeepsTheResults) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto id = planOf(diamond());
  EXPECT_EQ(build(id, "all", false), "a succeeded, b succeeded, c succeeded, d succeeded");
  EXPECT_THAT(why("a"), HasSubstr("off: "));
  EXPECT_EQ(build(id), kAllCached);
}

TEST_F(JobCacheTest, WhatIsNotCacheableLeavesNoTraceInTheCache) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto id =
      planOf(R"({"jobs":[)" + job("a", "", R"("cacheable":false)") + "," + job("b", "", "") + "]}");
  build(id);
  EXPECT_EQ(build(id), "a succeeded, b succeeded");
  EXPECT_EQ(text("select count(*) from job_cache"), "0");
  const auto ran = connection->run("api_job", {text("select min(id) from jobs")});
  EXPECT_EQ(cacheOutcome(Row(ran, 0)).result, "off");
}

TEST_F(JobCacheTest, AFailureCountsForOtherPlansForAWhile) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  failing = "a";
  const auto id = planOf(diamond());
  build(id, "all", true, "failed");
  EXPECT_EQ(build(planOf(diamond("2")), "all", true, "failed"),
            "a failed, b dep_failed, c dep_failed, d dep_failed");
  EXPECT_EQ(ran(), Names{});
  EXPECT_THAT(why("a"), HasSubstr("hit: "));
  build(id, "all", true, "failed");
  EXPECT_EQ(ran(), Names{"a"}) << "who asks again for the same plan wants a try";
  connection->runText("update job_cache set expires_at = now()");
  failing.clear();
  EXPECT_EQ(build(planOf(diamond("3"))), "a succeeded, b succeeded, c succeeded, d succeeded");
}

/// It may have failed for want of them, whatever the failure says.
TEST_F(JobCacheTest, AFailureDoesNotCountForJobsWithMoreTimeOrRoom) {
  BuildStage stage(*host, liveQueue(), 2, 2);
  const auto once = [&](const std::string& bounds) {
    return planOf(R"({"jobs":[)" + job("a", "", R"("cacheable":true,)" + bounds) + "]}");
  };
  failing = "a";
  build(once(R"("resources":{"memory":1048576})"), "all", true, "failed");
  EXPECT_EQ(
      build(once(R"("resources":{"memory":1048576},"timeout_ms":86400000)"), "all", true, "failed"),
      "a failed");
  EXPECT_EQ(ran(), Names{"a"}) << "another timeout";
  failing.clear();
  const auto larger = once(R"("resources":{"memory":1073741824})");
  EXPECT_EQ(build(larger), "a succeeded");
  EXPECT_THAT(why("a"), HasSubstr("bounds:"));
  EXPECT_EQ(build(once(R"("resources":{"memory":1048576})")), "a cached")
      << "a result is the same whatever room it had";
}

TEST_F(JobCacheTest, OnlyFailedJobsRunAgainUnlessTheirOutputsAreGone) {
  BuildStage stage(*host, liveQueue(), 1, 2);
  failing = "d";
  const auto id = planOf(diamond());
  build(id, "all", true, "failed");
  failing.clear();
  connection->runText("delete from blobs where digest = '" + Digest::of("made by c").text() + "'");
  EXPECT_EQ(build(id, "failed"), "a cached, b cached, c succeeded, d succeeded");
}

}  // namespace
}  // namespace planwright::job_cache_test
