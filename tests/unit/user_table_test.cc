#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "programs/build_users.h"
#include "programs/user_processes.h"
#include "support/temp_folder.h"

namespace planwright::user_table_test {
namespace {

constexpr std::uint32_t kFirst = kFirstUser;

struct UserTables : testing::Test {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives programs other users";
  }
  TempFolder folder;
  const std::filesystem::path file = folder / "run/users", none = folder / "none/dynamic-uid";
};

TEST_F(UserTables, HostsOfOneMachineNeverShareAnId) {
  const UserTable one(file, none), other(file, none);
  ASSERT_TRUE(one.isThere());
  EXPECT_TRUE(one.take(kFirst));
  EXPECT_FALSE(other.take(kFirst));
  EXPECT_TRUE(other.take(kFirst + 1));
  one.giveBack(kFirst, {});
  EXPECT_TRUE(other.take(kFirst));
}

TEST_F(UserTables, AnIdIsTheSameAgainUnlessSomebodyHasIt) {
  BuildUsers here(file, none), there(file, none);
  std::uint32_t first = 0;
  {
    const BuildUsers::Lease lease(here);
    first = lease.id();
    EXPECT_TRUE(lease.isExclusive());
    EXPECT_NE(BuildUsers::Lease(here, first).id(), first);
    EXPECT_NE(BuildUsers::Lease(there, first).id(), first);
  }
  EXPECT_NE(BuildUsers::Lease(here).id(), first) << "one after the other";
  EXPECT_EQ(BuildUsers::Lease(here, first).id(), first);
  EXPECT_TRUE(isOfPrograms(BuildUsers::Lease(here, 0).id()));
  EXPECT_TRUE(isOfPrograms(BuildUsers::Lease(here, 1000).id()));
}

TEST_F(UserTables, WhereNoTableCanBeMadeAnIdIsNotKnownToBeOnes) {
  folder.write("run", "a file");
  BuildUsers users(file, none);
  const BuildUsers::Lease lease(users);
  EXPECT_TRUE(isOfPrograms(lease.id()));
  EXPECT_FALSE(lease.isExclusive());
}

/// A process that waits for its end as this user.
pid_t processAs(std::uint32_t user) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (::syscall(SYS_setresuid, user, user, user) == 0)
    for (;;) ::pause();
  ::_exit(1);
}

int endOf(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool isThere(pid_t pid) {
  return ::waitpid(pid, nullptr, WNOHANG) == 0;
}

TEST_F(UserTables, WhatAKilledHostLeftIsEndedAndNothingElse) {
  BuildUsers machine;  // so that no host that runs beside this test has these
  const BuildUsers::Lease a(machine), b(machine), c(machine);
  const std::uint32_t left = a.id(), held = b.id(), given = c.id();
  const UserTable living(file, none);
  {
    const UserTable killed(file, none);
    ASSERT_TRUE(killed.take(left));
  }
  ASSERT_TRUE(living.take(held));
  EXPECT_FALSE(living.take(left)) << "somebody may run as it still";
  const pid_t theirs = processAs(left), ours = processAs(held), other = processAs(given);
  while (userOf(theirs) != left || userOf(ours) != held || userOf(other) != given) ::usleep(1000);

  UserTable(file, none).endLeft();
  EXPECT_EQ(endOf(theirs), SIGKILL);
  EXPECT_TRUE(isThere(ours));
  EXPECT_TRUE(isThere(other)) << "it was nobody's";
  EXPECT_TRUE(living.take(left)) << "it is free again";
  killUser(held);
  EXPECT_EQ(endOf(ours), SIGKILL);
  killUser(given);
  EXPECT_EQ(endOf(other), SIGKILL);
}

/// systemd gives its services ids of the same range.
TEST_F(UserTables, AServiceAndAProgramNeverShareAnId) {
  BuildUsers machine;
  const BuildUsers::Lease lease(machine);  // so that no host that runs beside this test has it
  const std::uint32_t id = lease.id();
  std::filesystem::create_directories(folder / "systemd/system");
  const auto services = folder / "systemd/dynamic-uid";
  const UserTable table(file, services), other(folder / "other/users", services);
  auto taken = table.take(id);
  ASSERT_TRUE(taken);
  const auto place = services / std::to_string(id);
  const UniqueFd service(::open(place.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_NE(::flock(service.get(), LOCK_EX | LOCK_NB), 0) << "systemd goes on to the next";
  EXPECT_FALSE(other.take(id)) << "hosts that do not see each other's table, but systemd's";
  table.giveBack(id, std::move(*taken));
  EXPECT_FALSE(std::filesystem::exists(place));

  {
    const UserTable killed(file, services);
    ASSERT_TRUE(killed.take(id));
  }
  ASSERT_TRUE(std::filesystem::exists(place));
  const UniqueFd next(::open(place.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(next.get(), LOCK_EX | LOCK_NB), 0) << "a service gets the id of a killed host";
  const pid_t process = processAs(id);
  while (userOf(process) != id) ::usleep(1000);
  UserTable(file, services).endLeft();
  EXPECT_TRUE(isThere(process)) << "it is the service's";
  EXPECT_FALSE(UserTable(file, services).take(id));
  killUser(id);
  endOf(process);
}

TEST_F(UserTables, OnlyUsersOfProgramsAreEverEnded) {
  const pid_t bystander = processAs(1234);
  while (userOf(bystander) != 1234) ::usleep(1000);
  for (const std::uint32_t user : {0U, 1234U, kFirst - 1, kFirst + kUserCount}) killUser(user);
  EXPECT_TRUE(isThere(bystander));
  ::kill(bystander, SIGKILL);
  endOf(bystander);
}

}  // namespace
}  // namespace planwright::user_table_test
