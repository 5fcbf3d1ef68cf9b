#include "upkeep/retention.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "support/fake_clock.h"
#include "support/line_fixture.h"

namespace planwright::retention_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RetentionTest : public LineFixture {
 protected:
  /// An input of that age with a plan in `status`, a build, a job with an output, and its log.
  std::int64_t line(const std::string& name, const std::string& age,
                    const std::string& status = "built") {
    const auto input = record(*intake, name, "content of " + name);
    const std::string id = std::to_string(input);
    const auto digest = [&](const std::string& content) {
      const auto blob = blobs->stageBytes(content + name);
      Blobs::record(*connection, {blob});
      return "'" + blob.digest.text() + "'";
    };
    connection->runText(
        "update pending_inputs set status = 'planned', queued_at = null, updated_at = now() - "
        "interval '" +
        age + "' where id = " + id +
        ";"
        "insert into plans (id, queue, pending_input_id, input_fence, filename, plan_digest, "
        "summary, "
        "job_count, planner, status, build_id, updated_at) values (" +
        id + ", 'default', " + id + ", 1, '" + name + "', " + digest("plan ") +
        ", '{}', 1, 'p', '" + status + "', " + id + ", now() - interval '" + age +
        "');"
        "insert into builds (id, plan_id, queue, fence, status, manifest_digest) values (" +
        id + ", " + id + ", 'default', 1, 'built', " + digest("manifest ") +
        ");"
        "insert into jobs (id, build_id, plan_id, name, position, status, outputs) values (" +
        id + ", " + id + ", " + id +
        ", 'a', 0, 'succeeded', jsonb_build_array(jsonb_build_object('digest', " +
        digest("output ") +
        ")));"
        "insert into job_attempts (id, job_id, n, instance) values (" +
        id + ", " + id + ", 1, 1)");
    replaceFile(folderBlobs->logs() / id, "a line\n");
    return input;
  }
  Pruner pruner() { return Pruner({*connection, folderBlobs->logs(), metrics, {}}); }
  BlobCollector collector(std::chrono::milliseconds grace) {
    return BlobCollector({*connection, *folderBlobs, grace, metrics});
  }
  std::size_t logFiles() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(folderBlobs->logs()))
      ++count;
    return count;
  }
  std::string plans() { return text("select string_agg(filename, ' ' order by id) from plans"); }

  std::unique_ptr<PostgresRecorder> intake = recorder();
};

TEST_F(RetentionTest, PrunesWhatEndedLongAgoWithBuildsJobsAndLogs) {
  line("old", "2 hours");
  line("young", "10 minutes");
  const PruneConfig wanted{1h, 1h, 0};
  EXPECT_EQ(pruner().look("default", wanted), (Pruned{1, 1, 1, 1, 1}));
  EXPECT_EQ(pruner().prune("default", wanted, {}), (Pruned{1, 1, 1, 1, 1}));
  EXPECT_EQ(plans(), "young");
  EXPECT_EQ(text("select string_agg(filename, ' ') from pending_inputs"), "young");
  EXPECT_EQ(
      text("select (select count(*) from builds) || ' ' || (select count(*) from jobs) || ' ' "
           "|| (select count(*) from job_attempts)"),
      "1 1 1");
  EXPECT_EQ(logFiles(), 1u);
  EXPECT_EQ(text("select string_agg(type, ' ') from events where type like '%pruned'"),
            "queue.pruned");
  EXPECT_FALSE(pruner().prune("default", wanted, {}).any());
}

TEST_F(RetentionTest, NoRowIsDeletedUnderThoseThatWereMadeOfIt) {
  line("a", "2 hours");
  EXPECT_ANY_THROW(connection->runText("delete from pending_inputs"));
  EXPECT_ANY_THROW(
      connection->runText("delete from job_attempts; delete from jobs; delete from plans"));
  EXPECT_EQ(plans(), "a");
}

TEST_F(RetentionTest, KeepsTheNewestWhateverTheirAge) {
  for (const char* name : {"a", "b", "c"}) line(name, "2 hours");
  pruner().prune("default", {1h, 1h, 2}, {});
  EXPECT_EQ(plans(), "b c");
  EXPECT_EQ(text("select count(*) from pending_inputs"), "2");
}

TEST_F(RetentionTest, KeepsWhatIsNotOver) {
  for (const char* status :
       {"ready_for_build", "building", "built", "failed", "superseded", "cancelled"})
    line(status, "2 hours", status);
  connection->runText("update plans set queued_at = now() where filename = 'failed'");
  record(*intake, "pending", "x");
  pruner().prune("default", {1h, 1h, 0}, {});
  EXPECT_EQ(plans(), "ready_for_build building failed");
  EXPECT_EQ(text("select count(*) from pending_inputs"), "4")
      << "those of the plans, and the pending one";
}

TEST_F(RetentionTest, KeepsForEverWhatHasNoAge) {
  line("a", "10 years");
  EXPECT_FALSE(pruner().prune("default", {std::nullopt, std::nullopt, 0}, {}).any());
  EXPECT_FALSE(pruner().prune("default", {1h, std::nullopt, 0}, {}).any())
      << "its plan is kept, so the input is, too";
}

TEST_F(RetentionTest, APlanOfManyJobsGoesInSlices) {
  line("large", "2 hours");
  connection->runText(
      "insert into jobs (id, build_id, plan_id, name, position, status) select n + 1000, "
      "b.id, b.plan_id, 'j' || n, n, 'succeeded' from builds b, generate_series(1, 2500) n");
  EXPECT_EQ(pruner().prune("default", {1h, 1h, 0}, {}), (Pruned{1, 1, 1, 2501, 1}));
}

TEST_F(RetentionTest, AFileThatIsStillThereStaysKnown) {
  for (const char* name : {"there", "gone", "uploaded"}) line(name, "2 hours");
  connection->runText("update source_files set stat = '1:2:3:4:5' where filename <> 'uploaded'");
  Pruner({*connection, folderBlobs->logs(), metrics,
          [](const auto&, const auto& name, const auto&) { return name == "there"; }})
      .prune("default", {1h, 1h, 0}, {});
  EXPECT_EQ(text("select string_agg(filename, ' ') from source_files"), "there");
}

TEST_F(RetentionTest, CollectsWhatNothingReachesAfterTheGrace) {
  line("old", "2 hours");
  line("young", "1 minute");
  EXPECT_EQ(text("select count(*) from blobs"), "8");
  collector(1h).collect({});
  EXPECT_EQ(text("select count(*) from blobs where doomed_at is not null"), "0");
  pruner().prune("default", {1h, 1h, 0}, {});
  EXPECT_EQ(collector(1h).look({}).blobs, 4);
  EXPECT_EQ(collector(1h).collect({}).doomed, 4);
  EXPECT_EQ(collector(1h).collect({}).blobs, 0) << "the grace is not over";
  EXPECT_EQ(collector(0ms).collect({}).blobs, 4);
  EXPECT_EQ(text("select count(*) from blobs b where not exists (select from blob_users u where "
                 "u.digest = b.digest)"),
            "0");
  EXPECT_EQ(text("select count(*) from blobs"), "4");
}

TEST_F(RetentionTest, ContentThatComesBackIsNotDoomedAnyMore) {
  const auto blob = blobs->stageBytes("x");
  Blobs::record(*connection, {blob});
  EXPECT_EQ(collector(0ms).collect({}).doomed, 1);
  record(*intake, "f", "x");
  EXPECT_EQ(text("select count(*) from blobs where doomed_at is not null"), "0");
  EXPECT_EQ(collector(0ms).collect({}).blobs, 0);
  EXPECT_TRUE(blobs->open(blob.digest));
}

TEST_F(RetentionTest, CollectsFilesThatNoRowKnows) {
  const auto lost = blobs->stageBytes(std::string(20'000, 'l'));  // a crash before the commit
  record(*intake, "kept", std::string(20'000, 'k'));
  replaceFile(folderBlobs->logs() / "4711", "of no attempt\n");
  EXPECT_EQ(collector(1h).collect({}).files, 0) << "it may be about to be committed";
  std::this_thread::sleep_for(20ms);  // files are stamped a clock tick late
  const auto done = collector(1ms).collect({});
  EXPECT_EQ(done.files, 1);
  EXPECT_EQ(done.logs, 1);
  EXPECT_FALSE(folderBlobs->open(lost.digest));
  EXPECT_TRUE(blobs->open(Digest::of(std::string(20'000, 'k'))));
}

TEST_F(RetentionTest, ExplainsWhoReachesABlob) {
  const auto input = line("a", "1 minute");
  const auto users = [&](const std::string& content) {
    return collector(1h).explain(Digest::of(content)).users;
  };
  EXPECT_THAT(users("content of a"), ElementsAre(BlobCollector::User{"input", input}));
  EXPECT_THAT(users("plan a"), ElementsAre(BlobCollector::User{"plan", input}));
  EXPECT_THAT(users("manifest a"), ElementsAre(BlobCollector::User{"manifest", input}));
  EXPECT_THAT(users("output a"), ElementsAre(BlobCollector::User{"job", input}));
  EXPECT_THAT(users("nothing"), IsEmpty());
  connection->run("name_plan_blobs", {input, "{" + Digest::of("named").text() + "}"});
  EXPECT_THAT(users("named"), ElementsAre(BlobCollector::User{"plan", input}));
}

TEST_F(RetentionTest, EventsGoByPartitionAndTheStreamSaysSo) {
  connection->run("drop_event_partitions", {-60});  // those of the fixture
  EXPECT_EQ(connection->run("make_event_partitions", {std::int64_t{3600}, 2}).number(0, 0), 3);
  EXPECT_EQ(connection->run("make_event_partitions", {std::int64_t{3600}, 2}).number(0, 0), 0);
  EXPECT_GE(connection->run("make_event_partitions", {std::int64_t{1800}, 3}).number(0, 0), 1)
      << "narrower ones in the place of those to come";
  connection->run("source_event", {"default", "source/a", "file.refused", "warning", "{}"});
  const Rows old = connection->run(
      "api_events_after", {"0", "0", std::nullopt, std::nullopt, std::nullopt, 10, std::nullopt});
  ASSERT_EQ(old.size(), 1u);
  EXPECT_EQ(text("select count(*) from events_rest"), "0");
  const auto after = [&](const std::string& xid, const std::string& id) {
    std::vector<std::string> types;
    const Rows rows = connection->run(
        "api_events_after", {xid, id, std::nullopt, std::nullopt, std::nullopt, 10, std::nullopt});
    for (std::size_t i = 0; i < rows.size(); ++i) types.push_back(rows.text(i, 2));
    return types;
  };
  EXPECT_EQ(connection->run("drop_event_partitions", {3600}).number(0, 0), 0) << "it is young";
  EXPECT_THAT(after(old.text(0, 0), old.text(0, 1)), IsEmpty());

  connection->run("drop_event_partitions", {-7200});
  EXPECT_EQ(text("select count(*) from events"), "0");
  connection->run("source_event", {"default", "source/b", "source.gone", "warning", "{}"});
  EXPECT_EQ(text("select count(*) from events"), "1") << "an event finds its place in any case";
  EXPECT_THAT(after("3", "1"), ElementsAre("events.pruned", "source.gone")) << "a gap";
  EXPECT_THAT(after(old.text(0, 0), old.text(0, 1)), ElementsAre("source.gone")) << "no gap";
  EXPECT_THAT(after("0", "0"), ElementsAre("source.gone")) << "from the beginning";
}

TEST_F(RetentionTest, AnsweredLettersAndFinishedBulkOperationsGoByAge) {
  for (const char* name : {"waits", "young", "old"}) line(name, "1 minute", "building");
  connection->runText("update plans set status = 'failed'");
  connection->runText(
      "update dead_letters set answer = 'discarded', answered_at = now() - interval '1 hour' "
      "where name <> 'waits'; "
      "update dead_letters set answered_at = now() - interval '3 hours' where name = 'old'; "
      "insert into bulk_operations (action, target, filter, actor, matched, up_to, finished_at) "
      "select 'requeue', 'dead-letters', '{}', 'test', n, 1, now() - n * interval '1 hour' "
      "from generate_series(0, 3) n");
  Config config;
  config.queues = {queue};
  config.queues[0].prune = {1h, 1h, 0};
  FakeClock time;
  const Live<Config> inForce(config);
  Retention retention({*database, *folderBlobs, inForce, metrics, time});
  retention.step({});
  EXPECT_EQ(text("select string_agg(name, ' ' order by id) from dead_letters"), "waits young");
  EXPECT_EQ(text("select string_agg(matched::text, ' ' order by id) from bulk_operations"), "0 1");
}

TEST_F(RetentionTest, TheAuditGoesByItsOwnAgeAndInNoOtherWay) {
  connection->runText(
      "insert into audit_log (at, actor, actor_kind, action, allowed) "
      "select now() - n * interval '1 day', n::text, 'token', 'reload', true "
      "from generate_series(1, 4) n");
  Config config;
  config.queues = {queue};
  config.audit.keep = std::chrono::hours(60);
  FakeClock time;
  const Live<Config> inForce(config);
  Retention({*database, *folderBlobs, inForce, metrics, time}).step({});
  EXPECT_EQ(text("select string_agg(actor, ' ' order by id) from audit_log"), "1 2");
  EXPECT_ANY_THROW(connection->runText("delete from audit_log"));
  EXPECT_ANY_THROW(connection->runText("update audit_log set actor = 'x'"));
  EXPECT_EQ(text("select string_agg(actor, ' ' order by id) from audit_log"), "1 2");
}

TEST_F(RetentionTest, OneHostAtATimeDeletes) {
  const auto other = database->dedicated(Workload::Queries);
  {
    const RetentionLock first(*connection);
    EXPECT_TRUE(first);
    EXPECT_FALSE(RetentionLock(*other));
  }
  EXPECT_TRUE(RetentionLock(*other));
}

/// Two sources record the same contents again and again while their inputs are deleted under them
/// and a collector runs all the time: what an input names is there at every moment.
class StormTest : public RetentionTest {
 protected:
  static constexpr int kEnough = 20;
  static constexpr int kSome = 3;
  struct Outcome {
    int recorded = 0, missing = 0;
    std::int64_t blobs = 0, files = 0;
  };
  /// `collected`: what the storm is about; it goes on until some were, for half a minute at most.
  Outcome storm(const std::function<std::string(int)>& content, std::chrono::milliseconds grace,
                std::int64_t Outcome::*collected) {
    std::atomic<int> recorded{0}, missing{0};
    std::atomic<bool> isOver{false};
    const auto write = [&](const std::string& source) {
      const auto mine = recorder();
      const auto own = database->dedicated(Workload::Queries);
      while (!mine->isHolder("default", source)) std::this_thread::sleep_for(1ms);
      for (int i = 0; !isOver; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        RecordBatch batch;
        batch.queue = "default";
        batch.source = source;
        batch.files.push_back({source + std::to_string(i), blobs->stageBytes(content(i)), {}, {}});
        mine->record(batch);
        const auto opened = blobs->open(Digest::of(content(i)));
        // A machine that was too slow for the grace broke its terms.
        const bool wasSlow = grace > 0ms && std::chrono::steady_clock::now() - begin > grace;
        if (!opened && !wasSlow) {
          ++missing;
          ADD_FAILURE() << source << " in round " << i << ": " << opened.error().message;
        }
        ++recorded;
        own->runText("delete from pending_inputs where source = '" + source + "'");
      }
    };
    Outcome outcome;
    {
      const std::jthread one(write, "one"), two(write, "two");
      const auto begin = std::chrono::steady_clock::now();
      const auto lasts = [&](auto time) { return std::chrono::steady_clock::now() < begin + time; };
      const auto isEnough = [&] { return recorded > kEnough && outcome.*collected > kSome; };
      while (lasts(1500ms) || (!isEnough() && lasts(30s))) {
        const auto done = collector(grace).collect({});
        outcome.blobs += done.blobs;
        outcome.files += done.files;
      }
      isOver = true;
    }
    outcome.recorded = recorded;
    outcome.missing = missing;
    return outcome;
  }
};

TEST_F(StormTest, ARowIsNeverTakenFromAnInputThatJustBeganToNameIt) {
  const auto outcome =
      storm([](int i) { return std::string(10, char('a' + i % 4)); }, 0ms, &Outcome::blobs);
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_GT(outcome.recorded, kEnough);
  EXPECT_GT(outcome.blobs, kSome) << "it did collect meanwhile";
}

TEST_F(StormTest, AFileIsNeverTakenFromAnInputThatJustBeganToNameIt) {
  const auto outcome =
      storm([](int i) { return std::string(20'000 + i % 50, 'x'); }, 100ms, &Outcome::files);
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_GT(outcome.recorded, kEnough);
  EXPECT_GT(outcome.files, kSome) << "it did collect meanwhile";
}

}  // namespace
}  // namespace planwright::retention_test
