#include "programs/keeper.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/files.h"
#include "programs/build_users.h"
#include "support/helper_process.h"
#include "support/temp_folder.h"

namespace planwright::keeper_test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

KeeperOptions options() {
  return {BINARY_DIR "/planwright", 15'000, -1};
}

ProgramSpec shell(const std::string& script) {
  ProgramSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.cwd = "/";
  spec.grace = 200ms;
  return spec;
}

std::size_t openDescriptors(const std::string& pid) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/" + pid + "/fd"), fs::directory_iterator()));
}

class KeeperTest : public testing::Test {
 protected:
  ProgramExit run(const ProgramSpec& spec) { return keeper_.run(spec, {}); }
  std::string in(const std::string& name) const { return (folder_.path() / name).string(); }
  pid_t pidWritten(const std::string& name) const {
    eventually([&] { return pidIn(in(name)) > 0; });
    return pidIn(in(name));
  }

  TempFolder folder_;
  Keeper keeper_{options()};
};

TEST_F(KeeperTest, TellsHowAProgramEnded) {
  EXPECT_TRUE(run(shell("true")).succeeded());
  EXPECT_EQ(run(shell("exit 7")).code, 7);
  const ProgramExit killed = run(shell("kill -9 $$"));
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_EQ(killed.code, -1);
  EXPECT_FALSE(killed.timedOut || killed.stopped || killed.lost);
}

TEST_F(KeeperTest, MeasuresTimeAndMemory) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "a keeper with a sanitizer is larger than any program of a test";
#endif
  ProgramSpec spec = shell("");
  // More than the keeper has, which is as large as this process was when it began.
  rusage ours{};
  ASSERT_EQ(::getrusage(RUSAGE_SELF, &ours), 0);
  const std::int64_t bytes = std::int64_t{ours.ru_maxrss} * 1024 + (64 << 20);
  spec.argv = {"/usr/bin/python3", "-c",
               "import time; x = bytearray(" + std::to_string(bytes) + "); time.sleep(0.1)"};
  const ProgramExit exit = run(spec);
  EXPECT_TRUE(exit.succeeded()) << exit.startError;
  EXPECT_GT(exit.peakMemoryBytes, bytes);
  EXPECT_GE(exit.ran, 100ms);
}

TEST_F(KeeperTest, SaysWhyAProgramCannotStart) {
  ProgramSpec spec = shell("true");
  spec.argv = {"no-such-program"};
  EXPECT_EQ(run(spec).startError, "cannot run 'no-such-program': No such file or directory");
  spec.argv = {"/etc/passwd"};
  EXPECT_EQ(run(spec).startError, "cannot run '/etc/passwd': Permission denied");
  folder_.write("script", "#!/no/such/interpreter\n");
  fs::permissions(in("script"), fs::perms(0755));
  spec.argv = {in("script")};
  EXPECT_EQ(run(spec).startError,
            "cannot run '" + in("script") + "': the interpreter it names does not exist");
  spec = shell("true");
  spec.cwd = "/no/such/folder";
  EXPECT_EQ(run(spec).startError,
            "cannot run '/bin/sh' in folder '/no/such/folder': No such file or directory");
  spec = shell(std::string("tr\0ue", 5));
  EXPECT_EQ(run(spec).startError,
            "cannot run '/bin/sh': a word of its command line holds a NUL byte");
  spec.argv.clear();
  EXPECT_EQ(run(spec).startError, "no program to run was named");
}

TEST_F(KeeperTest, GivesTheProgramExactlyWhatItsSpecSays) {
  ProgramSpec spec;
  spec.argv = {"env"};
  spec.env = {"PATH=/usr/bin:/bin", "A=b c"};
  spec.cwd = in("");
  const UniqueFd out(::open(in("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  spec.stdoutFd = out.get();
  EXPECT_TRUE(run(spec).succeeded());
  EXPECT_EQ(readFile(in("out")), "PATH=/usr/bin:/bin\nA=b c\n");

  ASSERT_EQ(::ftruncate(out.get(), 0), 0);
  spec.argv = {"/bin/sh", "-c",
               "umask; pwd; ls /proc/self/fd | wc -w; grep SigBlk /proc/self/status; grep SigIgn "
               "/proc/self/status"};
  spec.stderrFd = out.get();
  EXPECT_TRUE(run(spec).succeeded());
  const std::string got = readFile(in("out"));
  EXPECT_NE(got.find("0022\n" + folder_.path().string() + "\n4\n"), std::string::npos)
      << got;  // 0 1 2, ls's own
  EXPECT_NE(got.find("SigBlk:\t0000000000000000"), std::string::npos) << got;
  EXPECT_NE(got.find("SigIgn:\t0000000000000000"), std::string::npos) << got;
}

TEST_F(KeeperTest, PassesLongCommandLines) {
  ProgramSpec spec = shell("test ${#LONG} = 100000 && test ${#1} = 100000");
  spec.argv.insert(spec.argv.end(), {"sh", std::string(100'000, 'x')});
  spec.env.push_back("LONG=" + std::string(100'000, 'y'));
  EXPECT_EQ(run(spec).code, 0);
}

TEST_F(KeeperTest, SetsLimits) {
  ProgramSpec spec = shell("ulimit -n; ulimit -t; ulimit -f");
  spec.limits.openFiles = 33;
  spec.limits.cpuSeconds = 12;
  spec.limits.fileSizeBytes = 1 << 20;
  const UniqueFd out(::open(in("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  spec.stdoutFd = out.get();
  EXPECT_TRUE(run(spec).succeeded());
  EXPECT_EQ(readFile(in("out")), "33\n12\n2048\n");

  spec = shell("");
  spec.argv = {"/usr/bin/python3", "-c", "bytearray(1 << 30)"};
  spec.limits.memoryBytes = 512 << 20;
  const ProgramExit exit = run(spec);  // by a control group, else python is refused the memory
  EXPECT_TRUE(exit.limit == ProgramLimit::Memory || exit.code == 1) << exit.code;
}

TEST_F(KeeperTest, EndsAProgramThatRunsTooLong) {
  ProgramSpec spec = shell("exec sleep 100");
  spec.timeout = 50ms;
  ProgramExit exit = run(spec);
  EXPECT_TRUE(exit.timedOut);
  EXPECT_EQ(exit.signal, SIGTERM);

  spec = shell("trap '' TERM; touch " + in("up") + "; while :; do sleep 100; done");
  for (spec.timeout = 50ms; !fs::exists(in("up")); spec.timeout *= 2) exit = run(spec);
  EXPECT_TRUE(exit.timedOut);
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_GE(exit.ran, 250ms);
}

TEST_F(KeeperTest, EndsAProgramWhenAskedTo) {
  std::stop_source source;
  std::jthread asks([&] {
    eventually([&] { return fs::exists(in("up")); });
    source.request_stop();
  });
  const ProgramExit exit =
      keeper_.run(shell("touch " + in("up") + "; exec sleep 100"), source.get_token());
  EXPECT_TRUE(exit.stopped);
  EXPECT_EQ(exit.signal, SIGTERM);
  EXPECT_TRUE(keeper_.run(shell("touch " + in("second")), source.get_token()).stopped);
  EXPECT_FALSE(fs::exists(in("second")));
}

TEST_F(KeeperTest, LeavesNothingOfTheGroupBehind) {
  EXPECT_TRUE(run(shell("sleep 100 & echo $! > " + in("pid"))).succeeded());
  EXPECT_GT(pidIn(in("pid")), 0);
  EXPECT_FALSE(isAlive(pidIn(in("pid"))));
}

TEST_F(KeeperTest, FindsDaemonsThatLeftTheGroup) {
  // Two forks and a session of its own: neither group, session nor parent lead back to the program.
  const ProgramExit exit =
      run(shell("(setsid sh -c 'sleep 100 & echo $! > " + in("pid") + "' &) ; while [ ! -s " +
                in("pid") + " ]; do sleep 0.01; done"));
  EXPECT_TRUE(exit.succeeded());
  EXPECT_GT(pidIn(in("pid")), 0);
  EXPECT_FALSE(isAlive(pidIn(in("pid"))));
}

TEST_F(KeeperTest, LeavesTheDaemonsOfOtherRunsAlone) {
  std::jthread other([&] {
    run(shell("(setsid sh -c 'sleep 100 & echo $! > " + in("pid") + "' &) ; while [ ! -e " +
              in("end") + " ]; do sleep 0.01; done"));
  });
  const pid_t daemon = pidWritten("pid");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run(shell("true")).succeeded());
  EXPECT_TRUE(isAlive(daemon));
  folder_.write("end", "");
  other.join();
  EXPECT_FALSE(isAlive(daemon));
}

/// Leaves a process behind that becomes another one each moment and writes a byte each time; it
/// has another tag, if that is asked for.
std::vector<std::string> fugitive(const std::string& file, bool takesOffTag) {
  constexpr const char* kScript = R"(
import os, resource, sys, time
if sys.argv[2] == "1": resource.setrlimit(resource.RLIMIT_RTTIME, (9, 9))
said = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
if os.fork():
    while os.fstat(said).st_size < 50: time.sleep(0.01)
    os._exit(0)
os.setsid()
until = time.monotonic() + 60
while time.monotonic() < until:
    os.write(said, b"x")
    if os.fork(): os._exit(0)
)";
  return {"/usr/bin/python3", "-c", kScript, file, takesOffTag ? "1" : "0"};
}

class KeeperAndFugitive : public KeeperTest {
 protected:
  void SetUp() override {
    folder_.write("said", "");
    fs::permissions(folder_.path(), fs::perms(0755));
    fs::permissions(in("said"), fs::perms(0666));
  }
  /// It got so far, and is not there any more.
  void expectEnded(const ProgramExit& exit) {
    EXPECT_EQ(exit.code, 0) << exit.startError;
    const auto size = fs::file_size(in("said"));
    EXPECT_GE(size, 50U);
    for (int i = 0; i < 20; ++i) run(shell("sleep 0.01"));
    EXPECT_EQ(fs::file_size(in("said")), size);
  }
};

TEST_F(KeeperAndFugitive, IsFasterThanWhatForksAllTheTime) {
  ProgramSpec spec = shell("");
  spec.argv = fugitive(in("said"), false);
  expectEnded(run(spec));
}

TEST_F(KeeperAndFugitive, EndsAllThatRunsAsTheUserOfARunAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives programs other users";
  BuildUsers users;
  const BuildUsers::Lease lease(users), other(users);
  ProgramSpec spec = shell("");
  spec.argv = fugitive(in("said"), true);
  spec.confinement.isConfined = spec.confinement.isUserOwn = true;
  spec.confinement.user = spec.confinement.group = lease.id();
  ProgramSpec beside = shell("echo $$ > " + in("said2") + "; sleep 100");
  folder_.write("said2", "");
  fs::permissions(in("said2"), fs::perms(0666));
  beside.confinement = spec.confinement;
  beside.confinement.user = other.id();
  std::stop_source stop;
  std::jthread runs([&] { keeper_.run(beside, stop.get_token()); });
  const pid_t bystander = pidWritten("said2");
  expectEnded(run(spec));
  EXPECT_TRUE(isAlive(bystander)) << "another user's";
  stop.request_stop();
}

/// Where it has no user of its own, and no filter of calls that keeps the tag on.
TEST_F(KeeperTest, EndsOrphansWithoutATag) {
  ProgramSpec spec = shell("");
  spec.argv = {"/usr/bin/python3", "-c",
               "import os, resource, sys, time\n"
               "resource.setrlimit(resource.RLIMIT_RTTIME, (9, 9))\n"
               "if os.fork(): time.sleep(0.2); os._exit(0)\n"
               "os.setsid()\n"
               "open(sys.argv[1], 'w').write(str(os.getpid()))\n"
               "time.sleep(100)",
               in("pid")};
  EXPECT_TRUE(run(spec).succeeded());
  const pid_t daemon = pidWritten("pid");
  EXPECT_TRUE(eventually([&] { return !isAlive(daemon); }));
}

TEST_F(KeeperTest, RunsHundredsAtOnce) {
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 200; ++i)
      threads.emplace_back([&, i] {
        const int code = i % 50;
        good += run(shell("sleep 0.2; exit " + std::to_string(code))).code == code;
      });
  }
  EXPECT_EQ(good, 200);
}

TEST_F(KeeperTest, KeepsNoDescriptor) {
  const auto once = [&] {
    ProgramSpec spec = shell("true");
    const UniqueFd out(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    spec.stdoutFd = spec.stderrFd = out.get();
    spec.env.push_back("LONG=" + std::string(60'000, 'y'));
    run(spec);
    spec.argv = {"no-such-program"};
    run(spec);
  };
  once();
  const std::string keeper = std::to_string(keeper_.pid());
  const std::size_t ours = openDescriptors("self");
  const std::size_t theirs = openDescriptors(keeper);
  for (int i = 0; i < 50; ++i) once();
  // The other side closes its end of a channel a moment after the answer.
  EXPECT_TRUE(eventually([&] { return openDescriptors("self") <= ours; }));
  EXPECT_TRUE(eventually([&] { return openDescriptors(keeper) <= theirs; }));
}

TEST_F(KeeperTest, IsReplacedWhenItDies) {
  std::jthread victim([&] {
    const ProgramExit exit =
        run(shell("sleep 100 & echo $! > " + in("child") + "; echo $$ > " + in("pid") + "; wait"));
    EXPECT_TRUE(exit.lost);
    EXPECT_FALSE(exit.startError.empty());
  });
  const pid_t leader = pidWritten("pid");
  const pid_t child = pidWritten("child");
  const pid_t first = keeper_.pid();
  ::kill(first, SIGKILL);
  victim.join();
  EXPECT_TRUE(run(shell("true")).succeeded());
  EXPECT_NE(keeper_.pid(), first);
  EXPECT_EQ(keeper_.restarts(), 1);
  EXPECT_FALSE(isAlive(leader));  // by the kernel
  EXPECT_FALSE(isAlive(child));   // by the new keeper, before it served
}

/// Not a test: the host of the tests below. It runs SCRIPT until somebody kills it, as a user of
/// its own if OWN_USER says so.
TEST(KeeperHost, DISABLED_Helper) {
  KeeperOptions with = options();
  with.leaseMillis = std::atol(std::getenv("LEASE"));
  const UniqueFd lock(::open(std::getenv("LOCK"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  with.lockFd = lock.get();
  ProgramSpec spec = shell(std::getenv("SCRIPT"));
  BuildUsers users;
  std::optional<BuildUsers::Lease> lease;
  if (std::getenv("OWN_USER") != nullptr) {
    lease.emplace(users);
    spec.confinement.isConfined = spec.confinement.isUserOwn = true;
    spec.confinement.user = spec.confinement.group = lease->id();
  }
  Keeper(with).run(spec, {});
}

TEST(KeeperOfAKilledHost, KillsEverythingAndThenFreesTheLock) {
  TempFolder folder;
  const std::string at = folder.path().string() + "/";
  HelperProcess host("KeeperHost", {{"LEASE", "15000"},
                                    {"LOCK", at + "lock"},
                                    {"SCRIPT", "(setsid sleep 100 & echo $! > " + at +
                                                   "daemon); sleep 100 & echo $! > " + at +
                                                   "child; echo $$ > " + at + "leader; wait"}});
  ASSERT_TRUE(eventually([&] { return pidIn(at + "leader") > 0; }));
  const UniqueFd lock(::open((at + "lock").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_NE(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  host.killAndReap();
  EXPECT_TRUE(eventually([&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0; }));
  for (const char* name : {"leader", "child", "daemon"}) {
    EXPECT_GT(pidIn(at + name), 0) << name;
    EXPECT_FALSE(isAlive(pidIn(at + name))) << name;
  }
}

TEST(KeeperOfASilentHost, KillsEverythingAfterALease) {
  TempFolder folder;
  const std::string at = folder.path().string() + "/";
  HelperProcess host("KeeperHost", {{"LEASE", "1500"},
                                    {"LOCK", at + "lock"},
                                    {"SCRIPT", "sleep 100 & echo $! > " + at + "child; wait"}});
  ASSERT_TRUE(eventually([&] { return pidIn(at + "child") > 0; }));
  host.signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return !isAlive(pidIn(at + "child")); }));
}

TEST(KeeperOfAKilledHost, ItsSuccessorEndsWhatAKilledKeeperLeft) {
  TempFolder folder;
  const std::string at = folder.path().string() + "/";
  HelperProcess host("KeeperHost",
                     {{"LEASE", "15000"},
                      {"LOCK", at + "lock"},
                      {"SCRIPT", "(setsid sleep 100 & echo $! > " + at + "daemon); echo $PPID > " +
                                     at + "keeper; exec sleep 100"}});
  ASSERT_TRUE(eventually([&] { return pidIn(at + "keeper") > 0; }));
  ::kill(host.pid(), SIGSTOP);  // so that it starts no new keeper itself
  ::kill(pidIn(at + "keeper"), SIGKILL);
  host.killAndReap();
  EXPECT_TRUE(isAlive(pidIn(at + "daemon")));
  const UniqueFd lock(::open((at + "lock").c_str(), O_RDWR | O_CLOEXEC));
  KeeperOptions with = options();
  with.lockFd = lock.get();
  EXPECT_TRUE(Keeper(with).run(shell("true"), {}).succeeded());
  EXPECT_FALSE(isAlive(pidIn(at + "daemon")));
}

/// Nothing else tells the next keeper whose they are.
TEST(KeeperOfAKilledHost, WhatTookOffItsTagEndsByItsUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives programs other users";
  TempFolder folder;
  fs::permissions(folder.path(), fs::perms(0777));
  const std::string at = folder.path().string() + "/";
  for (const bool isKeeperKilled : {false, true}) {
    const std::string daemon = at + (isKeeperKilled ? "1" : "0");
    HelperProcess host("KeeperHost",
                       {{"LEASE", "15000"},
                        {"LOCK", at + "lock"},
                        {"OWN_USER", "1"},
                        {"SCRIPT", "(prlimit --rttime=9:9 setsid sh -c 'echo $$ > " + daemon +
                                       "; exec sleep 100' &); echo $PPID > " + daemon +
                                       ".keeper; exec sleep 100"}});
    ASSERT_TRUE(eventually([&] { return pidIn(daemon) > 0 && pidIn(daemon + ".keeper") > 0; }));
    if (isKeeperKilled) {
      ::kill(host.pid(), SIGSTOP);  // so that it starts no new keeper itself
      ::kill(pidIn(daemon + ".keeper"), SIGKILL);
    }
    host.killAndReap();
    if (isKeeperKilled) {
      EXPECT_TRUE(Keeper(options()).run(shell("true"), {}).succeeded());
    }
    EXPECT_TRUE(eventually([&] { return !isAlive(pidIn(daemon)); }));
  }
}

TEST(Keeper, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    Keeper keeper(options());
    pid = keeper.pid();
    keeper.run(shell("true"), {});
  }
  EXPECT_FALSE(isAlive(pid));
}

}  // namespace
}  // namespace planwright::keeper_test
