#include "programs/sandbox.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "programs/keeper.h"
#include "support/temp_folder.h"

namespace planwright::sandbox_test {
namespace {

using testing::HasSubstr;

/// Real programs at each level that this machine allows; the hostile ones are in
/// tests/e2e/sandbox_test.py.
class SandboxLevels : public testing::TestWithParam<SandboxLevel> {
 protected:
  void SetUp() override {
    ::chmod(folder_.path().c_str(), 0755);  // a build user passes through
    for (const char* name : {"work", "home"}) std::filesystem::create_directory(folder_ / name);
    sandbox_ = std::make_unique<Sandbox>(SandboxOptions{folder_.path(), GetParam()}, keeper_);
    if (sandbox_->report().level != GetParam())
      GTEST_SKIP() << "level " << toText(GetParam())
                   << " is not to be had here: " << sandbox_->report().json();
  }

  ProgramSpec spec(const std::string& script) const {
    ProgramSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    spec.env = {"PATH=/usr/bin:/bin", "TMPDIR=" + (folder_ / "home").string()};
    spec.cwd = folder_ / "work";
    spec.stdoutFd = spec.stderrFd = output_.get();
    spec.timeout = std::chrono::seconds(20);
    spec.sandbox.mode = SandboxWish::Mode::Auto;
    spec.sandbox.network = Network::None;
    spec.sandbox.writable = {folder_ / "work", folder_ / "home"};
    return spec;
  }
  ProgramExit run(const ProgramSpec& spec) { return sandbox_->run(spec, {}); }
  ProgramExit run(const std::string& script) { return run(spec(script)); }
  std::string said() const {
    ::lseek(output_.get(), 0, SEEK_SET);
    return readAll(output_.get());
  }

  TempFolder folder_;
  UniqueFd output_{
      ::open((folder_ / "log").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
  Keeper keeper_{{BINARY_DIR "/planwright", 15'000, -1}};
  std::unique_ptr<Sandbox> sandbox_;
};

/// The sentence was about bwrap, of which nobody had heard.
TEST_P(SandboxLevels, WhatIsTooLongForAProgramNamesTheProgram) {
  ProgramSpec longWord = spec("true");
  longWord.argv = {"/bin/echo", std::string(200'000, 'x')};
  EXPECT_THAT(run(longWord).startError, HasSubstr("cannot run '/bin/echo': its words"));
  ProgramSpec longVariable = spec("true");
  longVariable.env.push_back("V=" + std::string(131'072, 'x'));
  EXPECT_THAT(run(longVariable).startError, HasSubstr("cannot run '/bin/sh': its words"));
  ProgramSpec many = spec("true");
  many.env.assign(100, std::string(100'000, 'x'));
  EXPECT_THAT(run(many).startError, HasSubstr("cannot run '/bin/sh': its words"));
  EXPECT_TRUE(run("test -n \"$PATH\"").succeeded());
}

/// Its folder is not shown; the interpreter finds the script by its descriptor.
TEST_P(SandboxLevels, AnOpenFileIsStartedWhateverItsNameLeadsTo) {
  const auto file = folder_.write("program", "#!/bin/sh\necho honest $1; ls /proc/self/fd\n");
  const auto other = folder_.write("other", "#!/bin/sh\necho evil\n");
  for (const auto& each : {file, other}) ::chmod(each.c_str(), 0755);
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::rename(other, file);
  ProgramSpec program = spec("");
  program.argv = {"a name", "word"};
  program.programFd = opened.get();
  const auto exit = run(program);
  EXPECT_TRUE(exit.succeeded()) << exit.startError << said();
  EXPECT_THAT(said(), HasSubstr("honest word\n0\n1\n2\n3\n6\n")) << "3 is of ls";
  program.argv = {"sh", "-c", "echo a shell named $0 >&2", "x"};
  const UniqueFd shell(::open("/bin/sh", O_PATH | O_CLOEXEC));
  program.programFd = shell.get();
  EXPECT_TRUE(run(program).succeeded());
  EXPECT_THAT(said(), HasSubstr("a shell named x"));
}

/// Without a sandbox it is not root, and its folder is its user's only meanwhile.
TEST_P(SandboxLevels, WhatMustNotBeRootIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "the host is not root";
  ProgramSpec plain = spec("id -u > who; : > made");
  plain.sandbox.mode = SandboxWish::Mode::None;
  EXPECT_TRUE(run(plain).succeeded());
  EXPECT_EQ(readFile(folder_ / "work/who"), "0\n");
  plain.sandbox.isNeverRoot = true;
  std::filesystem::remove(folder_ / "work/who");
  EXPECT_TRUE(run(plain).succeeded()) << said();
  const int user = std::stoi(readFile(folder_ / "work/who"));
  EXPECT_GE(user, 61184);
  struct stat info {};
  ::stat((folder_ / "work").c_str(), &info);
  EXPECT_EQ(info.st_uid, 0U) << "the next one with that number gets in nowhere";
  plain.sandbox.sharedUser = static_cast<std::uint32_t>(user);
  std::filesystem::remove(folder_ / "work/who");
  EXPECT_TRUE(run(plain).succeeded()) << said();
  EXPECT_EQ(std::stoi(readFile(folder_ / "work/who")), user);
}

/// Where its processes come one after the other, nothing in its folder changes with them.
TEST_P(SandboxLevels, WhoKeepsItsUserIsTheSameAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "the host is not root";
  auto stage = spec("id -u > /dev/stdout; ls -l --time-style=full-iso --time=ctime old; : > new");
  stage.sandbox.keepsUser = true;
  stage.sandbox.mode = SandboxWish::Mode::None;
  stage.sandbox.isNeverRoot = true;
  replaceFile(folder_ / "work/old", "x");
  EXPECT_TRUE(run(stage).succeeded()) << said();
  const std::string first = said();
  ASSERT_EQ(::ftruncate(output_.get(), 0), 0);
  auto between = spec("true");  // by somebody else
  between.cwd = folder_ / "home";
  between.sandbox.writable = {folder_ / "home"};
  EXPECT_TRUE(run(between).succeeded()) << said();
  EXPECT_TRUE(run(stage).succeeded()) << said();
  EXPECT_EQ(said(), first);
}

TEST_P(SandboxLevels, AProgramWorksInItsFolder) {
  const auto exit = run("echo made > out; echo said; echo again >> /dev/stderr; cat out");
  EXPECT_TRUE(exit.succeeded()) << said();
  EXPECT_EQ(readFile(folder_ / "work" / "out"), "made\n");
  EXPECT_EQ(said(), "said\nagain\nmade\n");
  EXPECT_EQ(exit.sandbox, toText(GetParam()));
}

TEST_P(SandboxLevels, OfAHostThatIsRootItIsAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "the host is not root";
  EXPECT_TRUE(run(": > out; grep -q 'NoNewPrivs:.*1' /proc/self/status").succeeded()) << said();
  struct stat info {};
  ASSERT_EQ(::stat((folder_ / "work" / "out").c_str(), &info), 0);
  EXPECT_GE(info.st_uid, 61184U);
}

TEST_P(SandboxLevels, SeesNothingElse) {
  if (GetParam() == SandboxLevel::None) GTEST_SKIP() << "nothing confines files at this level";
  replaceFile(folder_ / "secret", "x");
  EXPECT_NE(run("cat ../secret").code, 0);
  EXPECT_NE(run("cat /etc/shadow").code, 0);
  run("echo x > ../out");  // below a /tmp of its own this may well work
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  auto granted = spec("cat ../secret");
  granted.sandbox.readable = {folder_ / "secret"};
  EXPECT_TRUE(run(granted).succeeded()) << said();
}

TEST_P(SandboxLevels, WhatNobodyElseMayReadIsNamedWithItsRemedy) {
  if (::geteuid() != 0) GTEST_SKIP() << "only of a host that is root programs are other users";
  std::filesystem::create_directories(folder_ / "closed/index");
  ::chmod((folder_ / "closed").c_str(), 0700);
  auto granted = spec("true");
  granted.sandbox.readable = {folder_ / "closed/index"};
  EXPECT_THAT(run(granted).refusal, HasSubstr("chmod o+x " + (folder_ / "closed").string()));
  ::chmod((folder_ / "closed").c_str(), 0711);
  ::chmod((folder_ / "closed/index").c_str(), 0700);
  EXPECT_THAT(run(granted).refusal, HasSubstr("chmod o+rx " + (folder_ / "closed/index").string()));
  ::chmod((folder_ / "closed/index").c_str(), 0755);
  EXPECT_TRUE(run(granted).succeeded()) << said();
}

TEST_P(SandboxLevels, HasNoNetworkUnlessGranted) {
  const std::string call =
      "python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); "
      "print(len(open(\"/proc/net/dev\").readlines()))'";
  const auto sealed = run(call);
  EXPECT_EQ(sealed.network, Network::None);
  if (GetParam() == SandboxLevel::Namespaces)
    EXPECT_EQ(said(), "3\n");  // two lines of head, lo
  else
    EXPECT_NE(sealed.code, 0);
  auto granted = spec(call);
  granted.sandbox.network = Network::Host;
  const auto open = run(granted);
  EXPECT_TRUE(open.succeeded()) << said();
  EXPECT_EQ(open.network, Network::Host);
}

TEST_P(SandboxLevels, AnOutgoingNetworkIsItsOwnAndEndsWithIt) {
  if (!sandbox_->report().works("network"))
    GTEST_SKIP() << sandbox_->report().find("network")->detail;
  auto granted = spec(
      "readlink /proc/self/ns/net; cat /etc/resolv.conf; grep -c '^tap0\\|^[a-z]' /proc/net/route");
  granted.sandbox.network = Network::Outgoing;
  const auto exit = run(granted);
  EXPECT_TRUE(exit.succeeded()) << exit.startError << said();
  EXPECT_EQ(exit.network, Network::Outgoing);
  EXPECT_THAT(said(),
              testing::Not(HasSubstr(std::filesystem::read_symlink("/proc/self/ns/net").string())));
  EXPECT_THAT(said(), HasSubstr("nameserver 10."));
  EXPECT_THAT(said(), testing::Not(HasSubstr("nameserver 127.")));
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left, testing::UnorderedElementsAre("work", "home", "log"));
}

TEST_P(SandboxLevels, EndsAsItWouldOutside) {
  EXPECT_EQ(run("exit 7").code, 7);
  EXPECT_EQ(run("kill -SEGV $$").signal, SIGSEGV);
  auto missing = spec("");
  missing.argv = {"no-such-program"};
  EXPECT_EQ(run(missing).startError, "cannot run 'no-such-program': No such file or directory");
}

/// bwrap says 128 + N both for a program that exits so and for one that signal N ended.
TEST_P(SandboxLevels, TellsAnExitCodeFromASignalOverTheWholeRange) {
  for (const int code : {0, 1, 126, 127, 128, 129, 137, 139, 143, 152, 153, 159, 192, 255}) {
    const auto exit = run("exit " + std::to_string(code));
    EXPECT_EQ(exit.code, code);
    EXPECT_EQ(exit.signal, 0) << code;
    EXPECT_EQ(exit.limit, ProgramLimit::None) << code;
  }
  for (const int signal : {SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGTERM}) {
    const auto exit = run("kill -" + std::to_string(signal) + " $$");
    EXPECT_EQ(exit.signal, signal);
    EXPECT_EQ(exit.code, -1) << signal;
  }
  EXPECT_EQ(run("sh -c 'kill -9 $$'; exit $?").code, 137) << "a shell tells of its own child so";
}

TEST_P(SandboxLevels, MayCleanUpWhenItsTimeIsOver) {
  auto slow = spec("trap 'echo bye; exit 3' TERM; while :; do sleep 0.05; done");
  slow.grace = std::chrono::seconds(10);
  const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  ProgramExit exit;
  // On a busy machine it may be asked to stop before it has set its trap, and then just ends.
  for (slow.timeout = std::chrono::milliseconds(200);
       exit.code != 3 && std::chrono::steady_clock::now() < latest; slow.timeout *= 2)
    exit = run(slow);
  EXPECT_TRUE(exit.timedOut);
  EXPECT_EQ(exit.code, 3);
  EXPECT_THAT(said(), HasSubstr("bye"));
}

TEST_P(SandboxLevels, LeavesNoProcess) {
  const auto exit = run("(setsid sh -c 'setsid sleep 7413 & sleep 7413' &); sleep 0.1");
  EXPECT_TRUE(exit.succeeded());
  EXPECT_NE(std::system("pgrep -f 'sleep 741[3]' > /dev/null"), 0);
}

TEST_P(SandboxLevels, SaysWhichLimitWasBroken) {
  auto big = spec("head -c 3000000 /dev/zero > big");
  big.limits.fileSizeBytes = 1'000'000;
  EXPECT_EQ(run(big).limit, ProgramLimit::FileSize);
  auto busy = spec("while :; do :; done");
  busy.limits.cpuSeconds = 1;
  EXPECT_EQ(run(busy).limit, ProgramLimit::Cpu);
  auto full = spec("for i in 1 2 3 4; do head -c 1000000 /dev/zero > part.$i; done; sleep 20");
  full.limits.diskBytes = 2'000'000;
  EXPECT_EQ(run(full).limit, ProgramLimit::Disk);
  if (!sandbox_->report().works("control_groups")) GTEST_SKIP() << "no control groups here";
  auto large = spec("python3 -c 'bytearray(200 << 20)'");
  large.limits.memoryBytes = 64 << 20;
  EXPECT_EQ(run(large).limit, ProgramLimit::Memory);
  auto many = spec("i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; wait");
  many.limits.processes = 20;
  EXPECT_EQ(run(many).limit, ProgramLimit::Processes);
}

TEST_P(SandboxLevels, WhatWasRefusedProcessesHasNotSucceeded) {
  if (!sandbox_->report().works("control_groups")) GTEST_SKIP() << "no control groups here";
  auto bomb = spec(
      "python3 -c 'import os, time\n"
      "for i in range(50):\n"
      "    try:\n"
      "        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
      "    except OSError: pass\n'; exit 0");
  bomb.limits.processes = 20;
  const auto exit = run(bomb);
  EXPECT_EQ(exit.code, 0) << said();
  EXPECT_EQ(exit.limit, ProgramLimit::Processes);
  EXPECT_FALSE(exit.succeeded());
  auto eater = spec("python3 -c 'bytearray(200 << 20)'; exit 0");
  eater.limits.memoryBytes = 64 << 20;
  EXPECT_EQ(run(eater).limit, ProgramLimit::Memory);
  auto few = spec("for i in 1 2 3; do sleep 0.01 & done; wait");
  few.limits.processes = 20;
  EXPECT_TRUE(run(few).succeeded()) << said();
}

TEST_P(SandboxLevels, ItsMemoryIsItsOwn) {
  if (!sandbox_->report().works("control_groups")) GTEST_SKIP() << "no control groups here";
  constexpr std::int64_t kMiB = 1 << 20;
  const auto python = [this](const std::string& script) {
    return run("python3 -c 'import os\n" + script + "'").peakMemoryBytes;
  };
  const std::int64_t nothing = run("true").peakMemoryBytes;
  EXPECT_GT(nothing, 0);
  EXPECT_LT(nothing, 8 * kMiB);
  const std::int64_t one = python("x = b\"x\" * (60 << 20)");
  EXPECT_GT(one, 60 * kMiB);
  EXPECT_LT(one, 90 * kMiB);
  EXPECT_GT(
      python("a, b = os.pipe()\n"
             "if os.fork() == 0: x = b\"x\" * (60 << 20); os.write(b, b\"x\"); os.read(a, 9)\n"
             "x = b\"x\" * (60 << 20); os.write(b, b\"x\"); os.wait()"),
      120 * kMiB)
      << "both of its processes";
}

TEST_P(SandboxLevels, TheDiskIsCountedWhereverBytesLie) {
  const auto python = [this](const std::string& script) {
    std::filesystem::remove_all(folder_ / "work");
    std::filesystem::create_directory(folder_ / "work");
    auto program = spec({});
    program.argv = {"python3", "-c", "import mmap, os, time\n" + script + "\n"};
    program.limits.diskBytes = 2'000'000;
    return run(program);
  };
  constexpr const char* kSleep = "\ntime.sleep(20)";
  EXPECT_EQ(python(std::string("for i in range(300): os.mkdir('d' * 200); os.chdir('d' * 200)\n"
                               "open('big', 'wb').write(bytes(4_000_000))") +
                   kSleep)
                .limit,
            ProgramLimit::Disk);
  EXPECT_EQ(python(std::string("file = open('gone', 'wb'); os.unlink('gone')\n"
                               "file.write(bytes(4_000_000)); file.flush()") +
                   kSleep)
                .limit,
            ProgramLimit::Disk);
  EXPECT_EQ(python(std::string("file = os.fdopen(os.open(os.environ['TMPDIR'], os.O_TMPFILE | "
                               "os.O_RDWR), 'wb')\nfile.write(bytes(4_000_000)); file.flush()") +
                   kSleep)
                .limit,
            ProgramLimit::Disk);
  if (::geteuid() == 0) {
    EXPECT_EQ(python(std::string("file = open('gone', 'wb+'); file.write(bytes(4_000_000))\n"
                                 "file.flush(); held = mmap.mmap(file.fileno(), 4096)\n"
                                 "os.unlink('gone'); os.closerange(3, 100)") +
                     kSleep)
                  .limit,
              ProgramLimit::Disk);
  }
  EXPECT_EQ(python(std::string("for i in range(1000): open(str(i), 'x').close()") + kSleep).limit,
            ProgramLimit::Disk);
  EXPECT_EQ(
      python("file = os.memfd_create('x'); os.write(file, bytes(4_000_000)); time.sleep(1)").code,
      0)
      << "memory is no disk";
}

TEST_P(SandboxLevels, RequireIsRefusedBelowNamespaces) {
  auto strict = spec("true");
  strict.sandbox.mode = SandboxWish::Mode::Require;
  const auto exit = run(strict);
  if (GetParam() == SandboxLevel::Namespaces)
    EXPECT_TRUE(exit.succeeded()) << said();
  else
    EXPECT_THAT(exit.refusal, HasSubstr("sandbox: require cannot be met"));
}

INSTANTIATE_TEST_SUITE_P(Each, SandboxLevels,
                         testing::Values(SandboxLevel::Namespaces, SandboxLevel::Landlock,
                                         SandboxLevel::None),
                         [](const auto& level) { return std::string(toText(level.param)); });

}  // namespace
}  // namespace planwright::sandbox_test
