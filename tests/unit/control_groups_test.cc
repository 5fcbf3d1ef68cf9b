#include <filesystem>

#include <gtest/gtest.h>

#include "base/files.h"
#include "programs/keeper_groups.h"
#include "support/temp_folder.h"

namespace planwright::control_groups_test {
namespace {

namespace fs = std::filesystem;

/// A tree of version 2 that looks as a kernel with delegated controllers shows it.
class UnifiedGroups : public testing::Test {
 protected:
  void SetUp() override {
    replaceFile(folder_ / "own", "0::/unit.service/planwright-host\n");
    fs::create_directories(unit_ / "planwright-host");
    replaceFile(unit_ / "cgroup.subtree_control", "");
    for (const char* run : {"planwright-00000007-0", "planwright-00000007-5"}) {
      fs::create_directory(unit_ / run);
      for (const char* file : {"cgroup.procs", "pids.max", "pids.events", "memory.max",
                               "memory.events", "memory.swap.max"})
        replaceFile(unit_ / run / file, "");
    }
  }
  fs::path group() const { return unit_ / "planwright-00000007-5"; }

  TempFolder folder_;
  const fs::path unit_ = folder_ / "unit.service";
};

TEST_F(UnifiedGroups, LimitARunBesideTheHost) {
  ControlGroups groups(7, folder_.path(), folder_ / "own");
  EXPECT_EQ(groups.version(), 2);
  EXPECT_TRUE(groups.canLimitMemory() && groups.canLimitProcesses());
  ProgramLimits limits;
  limits.memoryBytes = 1 << 20;
  limits.processes = 9;
  const auto joined = groups.make(5, limits);
  EXPECT_TRUE(joined.memory && joined.processes);
  EXPECT_EQ(readFile(group() / "memory.max"), "1048576");
  EXPECT_EQ(readFile(group() / "memory.swap.max"), "0");
  EXPECT_EQ(readFile(group() / "pids.max"), "9");
}

TEST_F(UnifiedGroups, MeasureARunThatHasNoLimit) {
  ControlGroups groups(7, folder_.path(), folder_ / "own");
  const auto plain = groups.make(5, {});
  EXPECT_FALSE(plain.memory || plain.processes);
  const auto measured = groups.make(5, {}, true);
  EXPECT_TRUE(measured.memory);
  EXPECT_FALSE(measured.processes);
  EXPECT_EQ(readFile(group() / "memory.max"), "");
  EXPECT_EQ(groups.peakMemoryBytes(5), 0) << "an older kernel does not tell";
  replaceFile(group() / "memory.peak", "12345678\n");
  EXPECT_EQ(groups.peakMemoryBytes(5), 12345678);
}

TEST_F(UnifiedGroups, TellWhatARunMet) {
  const ControlGroups groups(7, folder_.path(), folder_ / "own");
  EXPECT_EQ(groups.brokenLimit(5), ProgramLimit::None);
  replaceFile(group() / "pids.events", "max 3\n");
  EXPECT_EQ(groups.brokenLimit(5), ProgramLimit::Processes);
  replaceFile(group() / "memory.events", "low 0\noom 1\noom_kill 1\n");
  EXPECT_EQ(groups.brokenLimit(5), ProgramLimit::Memory);
  replaceFile(group() / "cgroup.procs", "12\n34\n");
  EXPECT_EQ(groups.membersOf(5).front(), 12);
}

TEST_F(UnifiedGroups, AreNotUsedWhereThereAreNone) {
  const ControlGroups groups(7, folder_ / "elsewhere", folder_ / "own");
  EXPECT_EQ(groups.version(), 0);
  EXPECT_FALSE(groups.canLimitMemory() || groups.canLimitProcesses());
}

}  // namespace
}  // namespace planwright::control_groups_test
