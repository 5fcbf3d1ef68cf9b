// Code that is swapped between its check and its start: what runs is what was checked.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/files.h"
#include "programs/keeper.h"
#include "programs/sandbox.h"
#include "stages/library.h"
#include "stages/process_stage.h"
#include "stages/program_plugin.h"
#include "support/temp_folder.h"

namespace planwright::checked_code_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;

class CheckedCode : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"honest", "evil", "said"}) fs::create_directory(folder / name);
    fs::permissions(folder / "said", static_cast<fs::perms>(0777));
    for (const char* name : {"honest", "evil"}) {
      const auto file = folder.write(std::string(name) + "/plan.sh",
                                     "#!/bin/sh\n: > " + (folder / "said" / name).string() + "\n");
      fs::permissions(file, static_cast<fs::perms>(0755));
    }
    leadTo("honest");
  }
  void leadTo(const char* name) {
    fs::create_directory_symlink(folder / name, folder / "next");
    fs::rename(folder / "next", folder / "way");
  }
  /// Puts the evil file in the place of the other.
  void replace(const fs::path& file, const fs::path& by) {
    fs::copy_file(by, folder / "copy", fs::copy_options::overwrite_existing);
    fs::rename(folder / "copy", file);
  }
  WorkerTask program() const {
    WorkerTask task;
    task.file = folder / "way/plan.sh";
    task.manifest.id = "exec:" + task.file;
    task.digest = Digest::of(readFile(task.file)).text();
    return task;
  }
  WorkerTask library(const char* name) const {
    const std::string bytes = readFile(fs::path(BINARY_DIR "/tests/plugins") / name);
    WorkerTask task;
    task.manifest = *ManifestReader().parse(*manifestSection(bytes));
    task.digest = Digest::of(bytes).text();
    task.file = storeLibrary(folder / "store", task.manifest.id + ".so", bytes, Digest::of(bytes));
    return task;
  }
  bool hasRun(const char* name) const { return fs::exists(folder / "said" / name); }

  TempFolder folder;
  // Before the sandbox looks: users of programs pass through.
  const bool isOpen = ::chmod(folder.path().c_str(), 0755) == 0;
  Keeper keeper{KeeperOptions{BINARY_DIR "/planwright", 15'000, -1}};
  Sandbox sandbox{SandboxOptions{folder.path()}, keeper};
  const std::shared_ptr<WorkerHost> host = std::make_shared<WorkerHost>(
      sandbox, folder.path(), std::make_shared<Quarantine>(Quarantine::Rule{}));
};

TEST_F(CheckedCode, AProgramWhoseLinkOrFileIsSwappedAfterTheCheck) {
  for (const bool isLink : {true, false}) {
    leadTo("honest");
    const WorkerTask task = program();
    auto opened = task.open();
    ASSERT_TRUE(opened) << opened.error().message;
    if (isLink)
      leadTo("evil");
    else
      replace(folder / "honest/plan.sh", folder / "evil/plan.sh");
    WorkerProcess process(*host, task.place(std::move(*opened)));
    while (!hasRun("honest") && process.receive(milliseconds(10))) continue;
    EXPECT_EQ(process.end(std::chrono::seconds(10)).startError, "");
    EXPECT_TRUE(hasRun("honest"));
    EXPECT_FALSE(hasRun("evil"));
    fs::remove(folder / "said/honest");
    const auto changed = task.open();
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().message, HasSubstr("is not the one that this host took"));
  }
}

TEST_F(CheckedCode, AProgramThatIsSwappedAllTheTimeNeverBringsAnotherIn) {
  const WorkerTask task = program();
  std::ofstream(folder / "honest/copy") << readFile(folder / "honest/plan.sh");
  fs::permissions(folder / "honest/copy", static_cast<fs::perms>(0755));
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      leadTo("evil");
      leadTo("honest");
      replace(folder / "honest/plan.sh", folder / "evil/plan.sh");
      replace(folder / "honest/plan.sh", folder / "honest/copy");
    }
  });
  for (int i = 0; i < 40 || !hasRun("honest"); ++i)
    EXPECT_FALSE(ProcessInstance::create(host, task)) << "neither says Ready";
  EXPECT_FALSE(hasRun("evil"));
}

TEST_F(CheckedCode, ALibraryWhoseCopyIsSwappedAfterTheCheck) {
  const WorkerTask task = library("stranger.so");
  const std::string other = library("teller.so").file;
  auto opened = task.open();
  ASSERT_TRUE(opened) << opened.error().message;
  const UniqueFd code(::fcntl(opened->fd.get(), F_DUPFD_CLOEXEC, 3));
  fs::rename(other, task.file);
  WorkerProcess process(*host, task.place(std::move(*opened)));
  process.send(FrameKind::Hello, 0, task.hello(), {}, code.get());
  const auto answer = process.receive(std::chrono::seconds(10));
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->kind, FrameKind::Ready) << (*answer)->meta;  // the other says another id
  const auto refused = ProcessInstance::create(host, task);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is not the plugin"));
}

/// What is found by its name is looked for inside the sandbox, where nothing else is.
TEST_F(CheckedCode, AProgramOfTheSettingsIsNeverOneThatTheSandboxDoesNotShow) {
  if (sandbox.report().level == SandboxLevel::None) GTEST_SKIP() << "no sandbox here";
  const fs::path shown = folder / "shown";
  fs::create_directory(shown);
  fs::create_directory(folder / "work");
  fs::copy_file(folder / "honest/plan.sh", shown / "honest");
  const fs::path way = shown / "tool";
  const auto lead = [&](const fs::path& target) {
    fs::create_symlink(target, shown / "next");
    fs::rename(shown / "next", way);
  };
  for (const char* name : {"honest", "evil"})
    folder.write(std::string(name) + "/tool.sh", std::string("#!/bin/sh\necho ") + name + "\n");
  replace(shown / "honest", folder / "honest/tool.sh");
  for (const auto& file : {shown / "honest", folder / "evil/tool.sh"})
    fs::permissions(file, static_cast<fs::perms>(0755));
  lead(shown / "honest");
  const UniqueFd output(
      ::open((folder / "log").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  ProgramSpec spec;
  spec.argv = {way};
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.cwd = folder / "work";
  spec.stdoutFd = spec.stderrFd = output.get();
  spec.sandbox.mode = SandboxWish::Mode::Auto;
  spec.sandbox.network = Network::None;
  spec.sandbox.writable = {spec.cwd};
  spec.sandbox.readable = {shown};
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      lead(folder / "evil/tool.sh");
      lead(shown / "honest");
    }
  });
  bool hasSucceeded = false;
  for (int i = 0; i < 40 || !hasSucceeded; ++i)
    hasSucceeded = sandbox.run(spec, {}).succeeded() || hasSucceeded;
  swapper.request_stop();
  swapper.join();
  ::lseek(output.get(), 0, SEEK_SET);
  const std::string said = readAll(output.get());
  EXPECT_THAT(said, HasSubstr("honest\n"));
  EXPECT_THAT(said, testing::Not(HasSubstr("evil\n")));
}

}  // namespace
}  // namespace planwright::checked_code_test
