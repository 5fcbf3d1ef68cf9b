#include "programs/keeper_tags.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "programs/keeper_protocol.h"
#include "support/helper_process.h"

namespace planwright::keeper_tags_test {
namespace {

TEST(RunTag, IsFoundAgainInALimit) {
  const RunTag tag(0x2ABCDEF1, 0xFFFFFFFF);
  RunTag read(0, 0);
  ASSERT_TRUE(RunTag::read(tag.value(), read));
  EXPECT_EQ(read.family(), 0x2ABCDEF1U);
  EXPECT_EQ(read.run(), 0xFFFFFFFFU);
}

TEST(RunTag, SaysWhetherARunIsAStages) {
  EXPECT_TRUE(RunTag(1, RunTag::numberOf(7, true)).isStage());
  EXPECT_FALSE(RunTag(1, RunTag::numberOf(7, false)).isStage());
  EXPECT_FALSE(RunTag(1, RunTag::numberOf(0xFFFFFFFF, false)).isStage())
      << "the counter goes round";
  EXPECT_EQ(RunTag::numberOf(7, false), 7U);
}

TEST(RunTag, IsNotSeenInUsualLimits) {
  RunTag read(0, 0);
  EXPECT_FALSE(RunTag::read(0, read));
  EXPECT_FALSE(RunTag::read(~std::uint64_t{0}, read));  // unlimited
  EXPECT_FALSE(RunTag::read(200'000, read));
  EXPECT_TRUE(taggedAmong({::getpid()}, 1).empty());
}

/// Root needs no user namespace for it, in which it could not enter a folder that is another
/// user's.
std::vector<std::string> ownPids() {
  std::vector<std::string> argv = {"unshare", "--pid", "--fork", "--mount-proc"};
  if (::geteuid() != 0) argv.emplace_back("--map-root-user");
  return argv;
}

/// The program that the test below starts.
TEST(AllProcesses, DISABLED_Helper) {
  ASSERT_EQ(::getsid(0), 0);
  EXPECT_THAT(allProcesses(), testing::Contains(::getpid()));
}

/// In a container, or below an init that made no session, a host may be in session 0.
TEST(AllProcesses, HasOneWhoseSessionBeganOutsideItsNamespace) {
  auto argv = ownPids();
  argv.push_back("true");
  if (runToEnd(argv) != 0) GTEST_SKIP() << "no pid namespaces can be made here";
  argv.back() = std::filesystem::read_symlink("/proc/self/exe");
  argv.insert(argv.end(),
              {"--gtest_filter=AllProcesses.DISABLED_Helper", "--gtest_also_run_disabled_tests"});
  EXPECT_EQ(runToEnd(argv), 0);
}

TEST(LastPid, IsOneThatWasGivenOut) {
  EXPECT_GT(LastPid().read(), 0);
}

TEST(ProgramText, ComesApartAsItWasPutTogether) {
  ProgramSpec spec;
  spec.argv = {"a", "", "c"};
  spec.env = {"E=1"};
  spec.cwd = "/x";
  Result<std::string> text = programText(spec);
  ASSERT_TRUE(text);
  const Result<ProgramWords> words = splitProgramText(*text, 3, 1);
  ASSERT_TRUE(words);
  EXPECT_STREQ(words->cwd, "/x");
  EXPECT_STREQ(words->argv[1], "");
  EXPECT_EQ(words->argv[3], nullptr);
  EXPECT_STREQ(words->env[0], "E=1");
  EXPECT_FALSE(splitProgramText(*text, 4, 1));
  EXPECT_FALSE(splitProgramText(std::span(*text).first(3), 1, 0));
}

}  // namespace
}  // namespace planwright::keeper_tags_test
