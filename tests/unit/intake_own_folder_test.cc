// A source of others, whose processes come and go: each is another user.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_owner.h"
#include "support/intake_fixture.h"

namespace planwright::intake_own_folder_test {
namespace {

using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

/// A source of others whose folder of its own is "in": each of its processes is another user, whose
/// folder it is as long as the process lives.
struct OwnFolderTest : IntakeFixture {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a folder away";
    restart({.stableFor = 1s, .folder = folder / "in"});
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    std::filesystem::create_directory(folder / "in/sub");
    for (const char* place : {"in", "in/sub"})
      ASSERT_EQ(::chmod((folder / place).c_str(), 0700), 0);
    nextPoll = 1h;
  }
  void process(uid_t user) {
    sourceUser = user;
    giveFolder(folder / "in", user, user);
  }
  void processEnds() { takeFolderBack(folder / "in"); }
  void find(const std::string& place) {
    items.push_back({"a.txt", folder.write(place + "/a.txt", "A").string(), {}, {}});
  }
  /// The file waits, and is taken when there is a process again.
  void expectNoLoss() {
    stepAfter(1s);
    EXPECT_EQ(recorder.refusals().size(), 0U);
    ASSERT_EQ(intake->arrivingCount(), 1U);
    EXPECT_EQ(intake->arriving(1)[0].reason, ArrivingReason::Source);
    process(kSecond);
    const int before = polls;
    stepAfter(1s);  // polls, hours before it is time, and sees the file
    EXPECT_EQ(polls, before + 1);
    stepAfter(1s);
    EXPECT_EQ(contents(), Texts{"a.txt=A"});
    EXPECT_EQ(recorder.refusals().size(), 0U);
  }
  static constexpr uid_t kFirst = 65533, kSecond = 65534;
};

TEST_F(OwnFolderTest, AFileThatWaitsOutlivesTheProcessThatNamedIt) {
  find("in");
  process(kFirst);
  intake->step();
  EXPECT_EQ(intake->arriving(1).at(0).reason, ArrivingReason::Quiet);
  processEnds();
  expectNoLoss();
}

TEST_F(OwnFolderTest, AFileInAFolderBelowItDoesAsWell) {
  find("in/sub");
  process(kFirst);
  intake->step();
  processEnds();
  expectNoLoss();
}

TEST_F(OwnFolderTest, AProcessMayEndBeforeItsFileIsLookedAt) {
  find("in/sub");
  process(kFirst);
  onPoll = [this](StageCall&) {
    if (polls == 1) processEnds();
  };
  intake->step();
  expectNoLoss();
}

/// The next process comes with a poll, which a full batch of files puts off.
TEST_F(OwnFolderTest, ManyFilesThatWaitDoNotKeepTheNextProcessAway) {
  for (std::size_t n = 0; n <= kRecordBatch; ++n) {
    const std::string name = std::to_string(n);
    items.push_back({name, (folder / "in" / name).string(), {}, {}});
  }
  process(kFirst);
  processEnds();
  intake->step();
  EXPECT_EQ(intake->arrivingCount(), kRecordBatch + 1);
  stepAfter(10s);
  EXPECT_EQ(polls, 2);
}

/// With a process there, it is the file that is closed.
TEST_F(OwnFolderTest, WhatItsProcessCannotReadIsRefused) {
  find("in");
  process(kFirst);
  ASSERT_EQ(::chown((folder / "in/a.txt").c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod((folder / "in/a.txt").c_str(), 0600), 0);
  intake->step();
  stepAfter(1s);
  EXPECT_THAT(onlyRefusal(), ::testing::HasSubstr("closed to the user that its source runs as"));
}

}  // namespace
}  // namespace planwright::intake_own_folder_test
