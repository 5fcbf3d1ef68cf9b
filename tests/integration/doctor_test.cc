// Each test breaks one promise in the database, blobs or processes of a system that has run, and
// the doctor sees exactly that.
#include "upkeep/doctor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/data_folder.h"
#include "building/build_stage.h"
#include "model/plan_document.h"
#include "programs/keeper.h"
#include "store/inputs.h"
#include "support/line_fixture.h"
#include "support/planned.h"
#include "upkeep/reconciler.h"

namespace planwright::doctor_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTwoJobs = R"({"jobs":[
  {"id":"a","outputs":["a.txt"],"spec":{"command":["make","a"]}},
  {"id":"b","needs":["a"],"outputs":["b.txt"],"spec":{"command":["make","b"]}}]})";
constexpr std::size_t kLarge = 40'000;

/// Fewer tickets than there should be, until somebody looked so many times.
class LateTickets final : public Tickets {
 public:
  LateTickets(std::int64_t id, int looks) : id_(id), looks_(looks) {}
  std::int64_t push(const std::string&, const std::vector<std::int64_t>&) override { return 0; }
  void putBack(const std::string&, const std::vector<std::int64_t>&) override {}
  std::vector<std::int64_t> pop(const std::string&, std::size_t,
                                std::chrono::milliseconds) override {
    return {};
  }
  std::int64_t length(const std::string&) override { return 0; }
  std::vector<std::int64_t> all(const std::string&) override {
    return looks_-- > 0 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{id_};
  }

 private:
  const std::int64_t id_;
  int looks_;
};

/// A plan that was built (the output of b is a large blob), and a host that reconciles.
class DoctorTest : public LineFixture {
 protected:
  DoctorTest() {
    connection->run("instance_start", {"host-u", "test", 1, "upkeep", "0"});
    queue.builder.plugin = "planwright.command";
    queue.builder.settingsJson = R"({"sandbox":"none"})";
    ScriptedPrograms maker([](const ProgramSpec& spec) {
      const std::string name = spec.argv.back();
      replaceFile(spec.cwd + "/" + name + ".txt", name == "b" ? std::string(kLarge, 'b') : name);
      return ProgramExit{.code = 0};
    });
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"}, maker);
    const auto id = record(*intake, "p", kTwoJobs);
    planInput(*connection, InstanceId{membership.instance()}, id, kTwoJobs);
    connection->run("enqueue_plans", {"{1}", false, "test", "all", true});
    tickets()->push("build_queue", {1});
    BuildStage stage(*host, liveQueue(), 1, 1);
    becomes("select status from plans", "built");
  }

  std::vector<Checkup> examine(std::chrono::milliseconds patience = std::chrono::milliseconds(0),
                               Tickets* list = nullptr) {
    auto mine = tickets();
    Doctor doctor({.database = *database,
                   .tickets = list ? list : mine.get(),
                   .blobs = *blobs,
                   .large = *folderBlobs,
                   .lease = std::chrono::seconds(15),
                   .processes = place,
                   .isQuick = isQuick,
                   .patience = patience,
                   .pause = std::chrono::milliseconds(1)});
    return doctor.examine();
  }
  /// "check item: what" of every violation.
  std::vector<std::string> violations(
      std::chrono::milliseconds patience = std::chrono::milliseconds(0), Tickets* list = nullptr) {
    std::vector<std::string> all;
    for (const auto& check : examine(patience, list))
      for (const auto& violation : check.violations)
        all.push_back(fmt::format("{} {}: {}", check.name, violation.item, violation.what));
    return all;
  }
  std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const auto& check : examine())
      for (const auto& note : check.notes)
        all.push_back(fmt::format("{} {}: {}", check.name, note.item, note.what));
    return all;
  }
  void sql(const std::string& statement) { connection->runText(statement); }
  /// A second input, as it waits in the queue.
  std::int64_t waiting() { return record(*intake, "later", "1"); }
  void takeTickets() { tickets()->pop("plan_queue", 10, std::chrono::milliseconds(1)); }

  std::unique_ptr<PostgresRecorder> intake = recorder();
  LeftProcesses::Place place;
  bool isQuick = false;
};

TEST_F(DoctorTest, FindsNothingAfterAnOrdinaryBuild) {
  const auto checks = examine();
  EXPECT_THAT(violations(), IsEmpty());
  ASSERT_EQ(checks.size(), 10u);
  for (const auto& check : checks)
    if (check.skipped.empty() && check.name != "claims" && check.name != "owners" &&
        check.name != "tickets") {
      EXPECT_GT(check.examined, 0) << check.name << " looked at nothing";
    }
}

TEST_F(DoctorTest, FindsNothingWhileItemsAreUnderWay) {
  const auto id = waiting();
  sql("update pending_inputs set queued_at = now() - interval '1 hour' where status = 'pending'");
  EXPECT_THAT(violations(), IsEmpty()) << "it has its ticket";
  Inputs(*connection).claim({id}, InstanceId{membership.instance()}, "default");
  connection->run("enqueue_plans", {"{1}", true, "test", "all", true});
  connection->run("claim_plans", {"{1}", membership.instance(), "default", false});
  EXPECT_THAT(violations(), IsEmpty());
}

TEST_F(DoctorTest, SeesASecondOpenAttemptOfAJob) {
  sql("update builds set status = 'building'; update plans set status = 'building', instance = 1, "
      "build_open = true; update builds set instance = 1");
  sql("update jobs set status = 'running' where name = 'b'; update job_attempts set ended_at = "
      "null where job_id = 2; insert into job_attempts (job_id, n, instance) values (2, 2, 1)");
  EXPECT_THAT(violations(), testing::Contains("claims job/2: has 2 open attempts: 1, 2"));
}

TEST_F(DoctorTest, SeesAnAttemptThatNobodyClosed) {
  sql("update job_attempts set ended_at = null where job_id = 2");
  EXPECT_THAT(violations(), ElementsAre("claims job/2: is succeeded, but its attempt 1 is open"));
}

TEST_F(DoctorTest, SeesAnOpenBuildOfAPlanThatIsOver) {
  sql("insert into builds (plan_id, queue, fence) values (1, 'default', 2)");
  EXPECT_THAT(violations(), testing::Contains(HasSubstr("claims build/2: is open, but the build of "
                                                        "plan 1 is 1")));
}

TEST_F(DoctorTest, SeesAClaimOfADeadInstance) {
  const auto id = waiting();
  const auto other = join("host-b");
  Inputs(*connection).claim({id}, InstanceId{other}, "default");
  connection->run("instance_end", {other});
  EXPECT_THAT(
      violations(),
      ElementsAre(HasSubstr(fmt::format("owners input/{}: belongs to instance {}", id, other))));
  connection->run("release_inputs");
  EXPECT_THAT(violations(), IsEmpty());
}

TEST_F(DoctorTest, SeesAFenceThatWentBack) {
  sql("update pending_inputs set fence = 0");
  EXPECT_THAT(violations(),
              testing::Contains("fences input/1: was claimed 1 times, but its fence is 0"));
}

TEST_F(DoctorTest, SeesAnInputThatOneClaimPlannedTwice) {
  sql("insert into plans (queue, pending_input_id, input_fence, filename, plan_digest, summary, "
      "job_count, planner) select queue, pending_input_id, input_fence, filename, plan_digest, "
      "summary, job_count, planner from plans");
  EXPECT_THAT(violations(),
              ElementsAre("fences plan/1: is one of 2 plans made by claim 1 of input 1",
                          "fences plan/2: is one of 2 plans made by claim 1 of input 1"));
}

TEST_F(DoctorTest, SeesAPlanWhoseInputIsGone) {
  sql("alter table pending_inputs disable trigger keep_input; delete from pending_inputs");
  EXPECT_THAT(violations(), ElementsAre("parents plan/1: was made of input 1, which is gone"));
}

TEST_F(DoctorTest, SeesAQueuedRowWithoutATicket) {
  const auto id = waiting();
  takeTickets();
  EXPECT_THAT(violations(), IsEmpty()) << "it is younger than a round of reconcile";
  sql("update pending_inputs set queued_at = now() - interval '1 hour' where status = 'pending'");
  EXPECT_THAT(violations(),
              ElementsAre(fmt::format(
                  "tickets input/{}: waits for 3600 s without a ticket in plan_queue", id)));
}

TEST_F(DoctorTest, WaitsForWhatTheNextRoundPutsRight) {
  LateTickets late(waiting(), 2);
  sql("update pending_inputs set queued_at = now() - interval '1 hour' where status = 'pending'");
  EXPECT_THAT(violations(std::chrono::milliseconds(50), &late), IsEmpty());
}

TEST_F(DoctorTest, LeavesToTheNextStartWhatOnlyAHostPutsRight) {
  waiting();
  takeTickets();
  sql("update pending_inputs set queued_at = now() - interval '1 hour' where status = 'pending'");
  sql("update instances set ended_at = now()");
  for (const auto& check : examine()) {
    EXPECT_THAT(check.violations, IsEmpty()) << check.name;
    if (check.name == "tickets" || check.name == "owners") {
      EXPECT_THAT(check.skipped, HasSubstr("the next start"));
    }
  }
}

TEST_F(DoctorTest, SeesABuiltBuildWithAFailedJob) {
  sql("update jobs set status = 'failed' where name = 'b'; update events set type = 'job.failed' "
      "where type = 'job.succeeded' and subject = 'job/2'");
  EXPECT_THAT(violations(),
              ElementsAre("built build/1: is built, but 1 of its jobs are not: {\"b failed\"}"));
}

TEST_F(DoctorTest, SeesAJobThatRanBeforeWhatItNeeds) {
  sql("update events set id = id + 1000, xid = '1000000' where type = 'job.succeeded' and subject "
      "= "
      "'job/1'");
  EXPECT_THAT(violations(),
              ElementsAre("order job/2: started before a (job 1), which it needs, had succeeded"));
}

TEST_F(DoctorTest, SeesAStatusThatNoEventExplains) {
  sql("update pending_inputs set status = 'failed'");
  EXPECT_THAT(violations(),
              ElementsAre("events input/1: is failed, but its last event is input.planned"));
}

TEST_F(DoctorTest, SeesASmallBlobWithOtherBytes) {
  sql("update blobs set content = 'x' where digest = (select manifest_digest from builds)");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("in the database are damaged")));
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("known to be lost since")));
}

TEST_F(DoctorTest, SeesABlobThatIsNotRecorded) {
  sql("delete from blobs where digest = (select plan_digest from plans)");
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("blobs plan/1: needs the blob sha256:")));
}

TEST_F(DoctorTest, SeesALargeBlobThatIsGoneOrChanged) {
  const auto digest = Digest::of(std::string(kLarge, 'b'));
  const auto file = folderBlobs->pathOf(digest);
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  folder.write(file.lexically_relative(folder.path()).string(), std::string(kLarge, 'x'));
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("are damaged; the file is set aside")));
  EXPECT_TRUE(std::filesystem::exists(folder / "blobs/damaged" / digest.hex()));
  EXPECT_FALSE(std::filesystem::exists(file)) << "nobody can take it for the right one";
  EXPECT_THAT(violations(), IsEmpty()) << "it is known, and whoever needs it hears of it";
  EXPECT_THAT(notes(), ElementsAre(HasSubstr("blobs job/2: needs a blob that is known to be")));

  blobs->stageBytes(std::string(kLarge, 'b'));
  EXPECT_THAT(notes(), IsEmpty());
  std::filesystem::remove(file);
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("are missing from the blob store")));
}

TEST_F(DoctorTest, LooksOnlyAtSizesWhenItIsToBeQuick) {
  const auto file = folderBlobs->pathOf(Digest::of(std::string(kLarge, 'b')));
  isQuick = true;
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  std::filesystem::resize_file(file, 100);
  EXPECT_THAT(violations(), ElementsAre(HasSubstr("which has 100 bytes instead of 40000")));
  EXPECT_TRUE(std::filesystem::exists(file)) << "it was not read, so nothing is known";
}

TEST_F(DoctorTest, SeesAProgramWhoseAttemptIsClosed) {
  auto data = DataFolder::open(folder / "data");
  ASSERT_TRUE(data);
  place = {"host-a", folder / "data/lock"};
  Keeper keeper({BINARY_DIR "/planwright", 15'000, data->lockFd()});
  sql("update plans set status = 'building', instance = 1");
  AttemptLog log(*logs, folderBlobs->logs() / "2");
  const int output = log.outputFd();
  std::stop_source stop;
  std::jthread run([&] {
    ProgramSpec spec;
    spec.argv = {"/bin/sleep", "600"};
    spec.stdoutFd = output;
    keeper.run(spec, stop.get_token());
  });
  const auto processes = [&] {
    for (const auto& check : examine())
      if (check.name == "processes") return check;
    throw std::logic_error("no such check");
  };
  EXPECT_TRUE(eventually([&] {  // this check may settle, and does when the program runs
    const Checkup found = processes();
    return found.examined == 1 && found.violations.empty();
  }));
  log.finish();
  EXPECT_THAT(processes().violations,
              ElementsAre(testing::Field(&Checkup::Violation::what,
                                         "sleep runs, but its attempt is closed")));
  stop.request_stop();
}

}  // namespace
}  // namespace planwright::doctor_test
