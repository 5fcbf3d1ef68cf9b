#include "intake/intake.h"

#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "support/intake_fixture.h"

namespace planwright::intake_test {
namespace {

using namespace std::chrono_literals;

struct IntakeTest : IntakeFixture {};

using Texts = std::vector<std::string>;

TEST_F(IntakeTest, RecordsAFileOnceItIsQuiet) {
  drop("a.txt", "A");
  EXPECT_EQ(intake->arriving(10).at(0).name, "a.txt");
  stepAfter(900ms);
  EXPECT_EQ(contents(), Texts{});
  stepAfter(100ms);
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
  EXPECT_EQ(intake->arrivingCount(), 0u);
  EXPECT_EQ(intake->status().recorded, 1u);
}

TEST_F(IntakeTest, WaitsAgainWhenTheFileChangedUnnoticed) {
  drop("a.txt", "version 1");
  clock.advance(1s);
  folder.write("in/a.txt", "version 2");
  intake->step();
  EXPECT_EQ(contents(), Texts{});
  stepAfter(1s);
  EXPECT_EQ(contents(), Texts{"a.txt=version 2"});
}

TEST_F(IntakeTest, SameContentIsNoNewInputAndABAIsThree) {
  for (const char* text : {"A", "A", "B", "A"}) {
    drop("a.txt", text);
    stepAfter(1s);
  }
  EXPECT_EQ(contents(), (Texts{"a.txt=A", "a.txt=B", "a.txt=A"}));
  EXPECT_EQ(recorder.inputs().back().generation, 3);
  EXPECT_EQ(intake->status().unchanged, 1u);
}

TEST_F(IntakeTest, LatestIsHandedToTheRecorder) {
  restart({.onOverwrite = OverwritePolicy::Latest});
  for (const char* text : {"A", "B"}) {
    drop("a.txt", text);
    stepAfter(1s);
  }
  EXPECT_TRUE(recorder.inputs().at(0).isSuperseded);
  EXPECT_FALSE(recorder.inputs().at(1).isSuperseded);
}

TEST_F(IntakeTest, LeavesAFileAloneWhileSomebodyCanWriteToIt) {
  UniqueFd writer(::open(folder.write("in/a.txt", "A").c_str(), O_RDWR));
  notice("a.txt");
  stepAfter(1s);
  EXPECT_EQ(contents(), Texts{});
  EXPECT_EQ(intake->arriving(10).at(0).reason, ArrivingReason::Open);

  void* const map = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  writer.reset();  // the mapping alone still writes
  stepAfter(10s);
  EXPECT_EQ(contents(), Texts{});
  static_cast<char*>(map)[0] = 'B';
  ::munmap(map, 1);
  stepAfter(1s);  // sees that it changed
  stepAfter(1s);
  EXPECT_EQ(contents(), Texts{"a.txt=B"});
}

TEST_F(IntakeTest, LooksAtOnceWhenTheWriterIsHeardToClose) {
  restart({.stableFor = 5s});
  UniqueFd writer(::open(folder.write("in/a.txt", "A").c_str(), O_RDWR));
  notice("a.txt");
  stepAfter(5s);
  writer.reset();
  notice("a.txt");
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

TEST_F(IntakeTest, KnownFilesAreNotReadAgainAfterARestart) {
  struct statfs info {};
  ASSERT_EQ(::statfs(folder.path().c_str(), &info), 0);
  if (info.f_type == 0x01021994) GTEST_SKIP() << "on tmpfs every look reads the file";
  drop("a.txt", "A");
  const struct timespec longAgo[2] = {{1700000000, 5}, {1700000000, 5}};
  ::utimensat(AT_FDCWD, (folder / "in/a.txt").c_str(), longAgo, 0);
  for (int i = 0; i < 2; ++i) {  // the second look finds times that are old enough to be trusted
    ::usleep(60'000);
    notice("a.txt");
    stepAfter(1s);
  }
  const int batches = recorder.batches();
  restart();
  notice("a.txt");
  EXPECT_EQ(intake->arrivingCount(), 0u);
  stepAfter(1s);
  EXPECT_EQ(recorder.batches(), batches);
}

/// Such a file was read again at each poll, for a year.
TEST_F(IntakeTest, AFileWhoseTimeLiesAheadIsKnownAsWell) {
  struct statfs info {};
  ASSERT_EQ(::statfs(folder.path().c_str(), &info), 0);
  if (info.f_type == 0x01021994) GTEST_SKIP() << "on tmpfs every look reads the file";
  restart({.stableFor = 0ms});
  folder.write("in/a.txt", "A");
  const auto later = static_cast<std::time_t>(std::time(nullptr) + 365 * 24 * 3600);
  const struct timespec ahead[2] = {{later, 5}, {later, 5}};
  ::utimensat(AT_FDCWD, (folder / "in/a.txt").c_str(), ahead, 0);
  ::usleep(60'000);  // the time of this change is old enough to be trusted
  notice("a.txt");
  const int batches = recorder.batches();
  for (int i = 0; i < 3; ++i) notice("a.txt");
  EXPECT_EQ(recorder.batches(), batches);
  folder.write("in/a.txt", "B");
  notice("a.txt");
  EXPECT_EQ(contents(), (Texts{"a.txt=A", "a.txt=B"}));
}

TEST_F(IntakeTest, AWriteThatLeavesNoTraceInTheTimesIsFound) {
  // On tmpfs a store to a mapped page that was read before changes neither time.
  const std::string in = "/dev/shm/planwright-test-" + std::to_string(::getpid());
  std::filesystem::create_directory(in);
  const std::string path = in + "/a.txt";
  const auto look = [&] {
    ::usleep(60'000);  // old enough to be trusted elsewhere
    items.push_back({"a.txt", path, {}, {}});
    intake->step();
    stepAfter(1s);
  };
  replaceFile(path, "A");
  look();
  {
    const UniqueFd again(::open(path.c_str(), O_RDWR));
    auto* const page = static_cast<volatile char*>(
        ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0));
    page[0] = page[0] + 1;
    ::munmap(const_cast<char*>(page), 1);
  }
  look();
  std::filesystem::remove_all(in);
  EXPECT_EQ(contents(), (Texts{"a.txt=A", "a.txt=B"}));
}

TEST_F(IntakeTest, AFileThatIsTooYoungToBeKnownIsReadOnceMore) {
  restart({.stableFor = 0ms});
  drop("a.txt", "A");
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
  notice("a.txt");
  EXPECT_EQ(recorder.batches(), 2);
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

TEST_F(IntakeTest, RefusesWhatIsNotAPlainFileOfTheFolderAndSaysWhy) {
  restart({.stableFor = 0ms, .maxBytes = 10});
  folder.write("secret", "B");
  const auto in = folder / "in";
  std::filesystem::create_symlink("../secret", in / "relative");
  std::filesystem::create_symlink(folder / "secret", in / "absolute");
  std::filesystem::create_symlink("nowhere", in / "dangling");
  ASSERT_EQ(::mkfifo((in / "fifo").c_str(), 0644), 0);
  std::filesystem::create_directory(in / "sub");
  folder.write("in/large", "0123456789a");
  for (int i = 0; i < 2; ++i) {
    for (const char* name :
         {"relative", "absolute", "dangling", "fifo", "sub", "large", "../secret", "gone"}) {
      notice(name);
    }
  }
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"relative", "it is a symbolic link that leads out of the folder"},
      {"absolute", "it is a symbolic link that leads out of the folder"},
      {"dangling", "it is a symbolic link to nothing"},
      {"fifo", "it is a fifo (named pipe), not a regular file"},
      {"sub", "it is a folder"},
      {"large", "its 11 bytes are more than max_bytes (10)"}};
  EXPECT_EQ(recorder.refusals(), expected);  // each once; "../secret" is skipped like any dotfile
  EXPECT_EQ(contents(), Texts{});
}

/// Runs `body` in a thread of its own that is root no more, as far as files are concerned. (Both
/// the file system's user and the capabilities belong to a thread; only the C library says
/// otherwise.)
void withoutRights(int capability, uid_t user, const std::function<void()>& body) {
  std::thread([&] {
    struct __user_cap_header_struct header {
      _LINUX_CAPABILITY_VERSION_3, 0
    };
    struct __user_cap_data_struct data[2]{};
    ASSERT_EQ(::syscall(SYS_capget, &header, data), 0);
    data[capability / 32].effective &= ~(1u << (capability % 32));
    ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
    if (user != 0) ::setfsuid(user);
    body();
  }).join();
}

TEST_F(IntakeTest, UnreadableFilesAreRefusedUntilTheyChange) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  restart({.stableFor = 0ms});
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  folder.write("in/b.txt", "B");
  ASSERT_EQ(::chmod((folder / "in/b.txt").c_str(), 0600), 0);
  withoutRights(CAP_DAC_OVERRIDE, 65534, [&] { notice("b.txt"); });
  EXPECT_EQ(onlyRefusal(), "b.txt: it cannot be read: Permission denied");
  ASSERT_EQ(::chmod((folder / "in/b.txt").c_str(), 0644), 0);
  withoutRights(CAP_DAC_OVERRIDE, 65534, [&] { notice("b.txt"); });
  EXPECT_EQ(contents(), Texts{"b.txt=B"});
}

TEST_F(IntakeTest, SaysOnceWhereLeasesCannotBeHad) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  restart({.stableFor = 0ms});
  for (const char* name : {"a.txt", "b.txt"}) {
    ASSERT_EQ(::chown(folder.write(std::string("in/") + name, "A").c_str(), 65534, 65534), 0);
    withoutRights(CAP_LEASE, 0, [&] { notice(name); });
  }
  EXPECT_EQ(contents(), (Texts{"a.txt=A", "b.txt=A"}));
  ASSERT_EQ(recorder.events().size(), 1u);
  EXPECT_EQ(recorder.events()[0].first, "source_without_leases");
}

TEST_F(IntakeTest, FollowsLinksThatStayInTheFolder) {
  restart({.stableFor = 0ms});
  folder.write("in/a.txt", "A");
  std::filesystem::create_symlink("a.txt", folder / "in/link.txt");
  notice("link.txt");
  EXPECT_EQ(contents(), Texts{"link.txt=A"});
}

/// A watched folder that somebody replaced by a link made /etc inputs that anybody may read.
TEST_F(IntakeTest, TakesFilesOnlyBelowItsRootsWhereverLinksLeadByThen) {
  const std::string reason = "it is not in a folder from which its source may take files";
  restart({.stableFor = 0ms, .roots = {folder / "in"}});
  for (const char* place : {"in/sub", "other", "inn"})
    std::filesystem::create_directory(folder / place);
  std::filesystem::create_directory_symlink(folder / "in", folder / "to-in");
  folder.write("other/a.txt", "A");
  std::filesystem::create_directory_symlink(folder / "other", folder / "in/link");
  folder.write("in/b.txt", "B");
  folder.write("inn/a.txt", "A");
  for (const char* place : {"other", "in/link", "in/../other", "inn", "in/sub/../../other"}) {
    items.push_back({"a.txt", (folder / place).string() + "/a.txt", {}, {}});
    intake->step();
    EXPECT_EQ(recorder.inputs().size(), 0U) << place;
  }
  EXPECT_EQ(onlyRefusal(), "a.txt: " + reason);
  items.push_back({"b.txt", (folder / "to-in/b.txt").string(), {}, {}});
  intake->step();
  EXPECT_EQ(contents(), Texts{"b.txt=B"});
}

TEST_F(IntakeTest, AFolderThatBecomesALinkWhileAFileArrivesIsLookedAtAgain) {
  restart({.stableFor = 100ms, .roots = {folder / "in", folder / "linked-root"}});
  for (const char* place : {"in/sub", "other", "real"})
    std::filesystem::create_directory(folder / place);
  folder.write("in/sub/a.txt", "A");
  folder.write("other/a.txt", "A");
  folder.write("real/b.txt", "B");
  std::filesystem::create_directory_symlink(folder / "real", folder / "linked-root");
  items.push_back({"a.txt", (folder / "in/sub/a.txt").string(), {}, {}});
  items.push_back({"b.txt", (folder / "linked-root/b.txt").string(), {}, {}});
  intake->step();
  std::filesystem::rename(folder / "in/sub", folder / "in/away");
  std::filesystem::create_directory_symlink(folder / "other", folder / "in/sub");
  stepAfter(200ms);
  stepAfter(200ms);
  EXPECT_EQ(contents(), Texts{"b.txt=B"}) << "a root may be a link itself";
}

TEST_F(IntakeTest, ForgetsFilesThatAreGone) {
  drop("a.txt", "A");
  std::filesystem::remove(folder / "in/a.txt");
  stepAfter(1s);
  EXPECT_EQ(intake->arrivingCount(), 0u);
  drop("b.txt", "B");
  std::filesystem::remove_all(folder / "in");
  stepAfter(1s);
  EXPECT_EQ(intake->arrivingCount(), 0u);
  EXPECT_EQ(contents(), Texts{});
}

TEST_F(IntakeTest, LosesNothingWhileTheStoreIsAway) {
  drop("a.txt", "A");
  recorder.setAway(true);
  clock.advance(1s);
  EXPECT_THROW(intake->step(), std::runtime_error);
  EXPECT_EQ(intake->arriving(10).at(0).reason, ArrivingReason::Waiting);
  recorder.setAway(false);
  intake->step();
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

TEST_F(IntakeTest, OnlyTheHolderPolls) {
  isHolder = false;
  drop("a.txt", "A");
  EXPECT_EQ(polls, 0);
  isHolder = true;
  intake->step();
  stepAfter(1s);
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

TEST_F(IntakeTest, AnInstanceThatLostTheSourceWritesNothing) {
  drop("a.txt", "A");
  recorder.setHolder(false);
  EXPECT_GT((clock.advance(1s), intake->step()), 0ns);
  EXPECT_EQ(contents(), Texts{});
  EXPECT_EQ(intake->arrivingCount(), 1u);
  recorder.setHolder(true);
  intake->step();
  EXPECT_EQ(contents(), Texts{"a.txt=A"});
}

TEST_F(IntakeTest, ManyFilesGoInBatchesAndBackpressureHoldsTheSource) {
  restart({.stableFor = 0ms});
  for (int i = 0; i < 250; ++i) {
    const std::string name = "f" + std::to_string(i);
    folder.write("in/" + name, name);
    items.push_back({name, (folder / "in" / name).string(), {}, {}});
  }
  EXPECT_EQ(intake->step(), 0ns);
  EXPECT_EQ(recorder.inputs().size(), 100u);
  intake->step();
  EXPECT_EQ(polls, 1) << "a full batch was waiting";
  intake->step();
  EXPECT_EQ(recorder.inputs().size(), 250u);
  EXPECT_EQ(recorder.batches(), 3);
}

TEST_F(IntakeTest, BlobsOfASourceAreRecordedWithTheirCursor) {
  onPoll = [&](StageCall& call) {
    const auto digest = call.services().putBlob(memoryFile("A").get(), "text/plain", {});
    items = {{"repo/a.txt", {}, digest->text(), "{\"commit\":\"1f\"}"},
             {"b", {}, "sha256:bad", {}}};
    call.services().event("fetched", R"({"message":"1 commit","level":"warning"})");
    onPoll = nullptr;
  };
  nextCursor = "commit-1f";
  intake->step();
  EXPECT_EQ(contents(), Texts{"repo/a.txt=A"});
  EXPECT_EQ(recorder.inputs().at(0).attributesJson, "{\"commit\":\"1f\"}");
  EXPECT_EQ(recorder.storedCursor(), "commit-1f");
  EXPECT_EQ(recorder.events().at(0).first, "reported.fetched");
  EXPECT_EQ(recorder.levels().at(0) + onlyRefusal(), "warningb: \"sha256:bad\" is not a digest");
  restart();
  intake->step();
  EXPECT_EQ(seenCursor, "commit-1f");
}

TEST_F(IntakeTest, TheCursorIsStoredOnlyWhenAllItsFilesAre) {
  nextCursor = "c1";
  drop("a.txt", "A");
  EXPECT_EQ(recorder.storedCursor(), "");
  stepAfter(1s);
  EXPECT_EQ(recorder.storedCursor(), "c1");
}

TEST_F(IntakeTest, ASourceGetsItsSecretsAndNothingItSaysShowsThem) {
  const std::string file = folder.write("token", "first secret\n");
  restart({.secrets = {{"token", {file, {}}}}});
  std::vector<std::string> seen;
  onPoll = [&](StageCall& call) {
    seen.push_back(call.services().secret("token").value_or("none"));
    EXPECT_EQ(call.services().secret("other"), std::nullopt);
    call.services().event("said", "{\"message\":\"token " + seen.back() + "\"}");
    failure = Failure{FailureClass::Infra, "cannot log in with " + seen.back(), {}, {}};
  };
  intake->step();
  EXPECT_EQ(recorder.events().at(0).second, "{\"message\":\"token ***\"}");
  EXPECT_EQ(intake->status().problem, "cannot log in with ***");
  folder.write("token", "second secret");
  stepAfter(1s);
  EXPECT_EQ(seen, (Texts{"first secret", "second secret"}));
}

TEST_F(IntakeTest, ASourceWhoseSecretCannotBeReadIsNotPolled) {
  restart({.secrets = {{"token", {folder / "nowhere", {}}}}});
  intake->step();
  EXPECT_EQ(polls, 0);
  EXPECT_NE(intake->status().problem.find("The secret token cannot be used"), std::string::npos);
}

TEST_F(IntakeTest, APollWithTwoContentsOfANameIsRefusedAsAWhole) {
  onPoll = [&](StageCall& call) {
    for (const char* text : {"A", "B", "A"}) {
      const auto digest = call.services().putBlob(memoryFile(text).get(), "text/plain", {});
      items.push_back({"a.txt", {}, digest->text(), {}});
    }
  };
  nextCursor = "c1";
  intake->step();
  EXPECT_EQ(contents(), Texts{});
  EXPECT_EQ(recorder.storedCursor(), "");
  EXPECT_NE(intake->status().problem.find("gave a.txt twice in one poll"), std::string::npos);
}

TEST_F(IntakeTest, APollThatWasRecordedInPartIsNoNewInputWhenItComesAgain) {
  onPoll = [&](StageCall& call) {
    for (int i = 0; i < 250; ++i) {
      const std::string name = "f" + std::to_string(i);
      const auto digest = call.services().putBlob(memoryFile(name).get(), "text/plain", {});
      items.push_back({name, {}, digest->text(), {}});
    }
  };
  nextCursor = "c1";
  intake->step();
  EXPECT_EQ(recorder.inputCount(), 100u);
  EXPECT_EQ(recorder.storedCursor(), "");
  items.clear();
  restart();
  for (int i = 0; i < 3; ++i) intake->step();
  EXPECT_EQ(recorder.storedCursor(), "c1");
  EXPECT_EQ(recorder.inputCount(), 250u);
}

TEST_F(IntakeTest, ANudgeIsAPollAtOnceWhateverTheSourceSaidOfTheNext) {
  nextPoll = 1h;
  intake->step();
  stepAfter(1min);
  EXPECT_EQ(polls, 1);
  intake->pollNow();
  intake->step();
  EXPECT_EQ(polls, 2);
  intake->step();
  EXPECT_EQ(polls, 2);
  failure = Failure{FailureClass::Infra, "away", {}, std::chrono::hours(1)};
  for (int i = 0; i < 2; ++i) {
    intake->pollNow();
    intake->step();
  }
  EXPECT_EQ(polls, 4);
}

TEST_F(IntakeTest, AFailingSourceTellsItsReasonOnceAndIsAskedLessAndLess) {
  failure = Failure{FailureClass::Infra, "the forge is away", {}, {}};
  for (int seconds = 0; seconds < 600; ++seconds) stepAfter(1s);
  EXPECT_GT(polls, 9);
  EXPECT_LT(polls, 35);
  EXPECT_EQ(recorder.events().size(), 1u);
  failure->message = "no such branch";
  stepAfter(1min);
  failure.reset();
  stepAfter(1min);
  std::vector<std::string> types;
  for (const auto& event : recorder.events()) types.push_back(event.first);
  EXPECT_EQ(types, (Texts{"source.failed", "source.failed", "source.back"}));
  failure = Failure{FailureClass::Infra, "away again", {}, {}};
  stepAfter(1s);
  EXPECT_EQ(recorder.events().size(), 4u);
}

TEST_F(IntakeTest, AFailingSourceIsAskedAgainLater) {
  failure = Failure{FailureClass::Infra, "the folder is away", {}, {}};
  intake->step();
  EXPECT_EQ(intake->status().problem, "the folder is away");
  failure.reset();
  intake->step();
  EXPECT_EQ(polls, 1);
  stepAfter(1s);
  EXPECT_EQ(polls, 2);
  EXPECT_EQ(intake->status().problem, "");
}

}  // namespace
}  // namespace planwright::intake_test
