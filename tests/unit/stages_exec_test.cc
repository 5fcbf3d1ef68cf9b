#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "stages/exec_service.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::stages_exec_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Exec : public testing::Test {
 protected:
  JsonDocument run(std::string_view spec, ScriptedPrograms& programs) {
    const auto result = runProgram(spec, call, programs, folders, granted);
    EXPECT_TRUE(result) << result.error().message;
    auto json = parseJson(result ? *result : "{}");
    return std::move(*json);
  }
  std::string whyNot(std::string_view spec) {
    ScriptedPrograms programs;
    const auto result = runProgram(spec, call, programs, folders, granted);
    EXPECT_TRUE(programs.ran.empty());
    return result ? "it ran" : result.error().message;
  }

  TempFolder folder;
  PrivateFolders folders{folder.path()};
  FakeServices services;
  StageCall call{services};
  ExecGrant granted;  ///< any
};

TEST_F(Exec, GivesThePrivateFolderWithItsFilesAndEmptiesItAfterwards) {
  services.blobs[Digest::of("Flask\n").text()] = "Flask\n";
  std::filesystem::path cwd;
  ScriptedPrograms programs([&](const ProgramSpec& spec) {
    cwd = spec.cwd;
    EXPECT_EQ(readFile(cwd / "in" / "requirements.txt"), "Flask\n");
    EXPECT_EQ(readFile(cwd / "note"), "hello");
    EXPECT_THAT(spec.env, Contains("HOME=" + spec.cwd));
    EXPECT_THAT(spec.env, Contains("PATH=/bin"));
    return ProgramExit{.code = 0};
  });
  const auto result = run(
      R"({"argv":["x"],"env":{"PATH":"/bin"},"files":{"note":{"text":"hello"},"in/requirements.txt":")" +
          Digest::of("Flask\n").text() + "\"}}",
      programs);
  EXPECT_EQ(textOr(result, "outcome"), "ok");
  EXPECT_FALSE(cwd.empty());
  EXPECT_TRUE(std::filesystem::is_empty(cwd)) << "the next program may get it";
}

TEST_F(Exec, CapturesStdoutAndKeepsTheTailOfTheRest) {
  ScriptedPrograms programs([](const ProgramSpec& spec) {
    writeAll(spec.stdoutFd, "{\"a\":1}");
    writeAll(spec.stderrFd,
             std::string(100'000, 'x') + "\n\x1b[31mlast\x1b[0m \x1b]52;c;aGk=\x07line\xff\n");
    return ProgramExit{.code = 3};
  });
  const auto result = run(R"({"argv":["x"],"capture":true})", programs);
  EXPECT_EQ(textOr(result, "stdout"), "{\"a\":1}");
  EXPECT_EQ(textOr(result, "tail"), "last line\uFFFD\n");
  EXPECT_EQ(textOr(result, "outcome"), "failed");
  EXPECT_EQ(numberOr(result, "exit", -1), 3);
}

TEST_F(Exec, WritesToTheLogOfTheCallAndReportsOnlyItsOwnPart) {
  const std::string log = (folder.path() / "log").string();
  const UniqueFd fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  writeAll(fd.get(), "an earlier program\n");
  services.output = fd.get();
  ScriptedPrograms programs([](const ProgramSpec& spec) {
    writeAll(spec.stdoutFd, "this one\n");
    return ProgramExit{.code = 0};
  });
  EXPECT_EQ(textOr(run(R"({"argv":["x"]})", programs), "tail"), "this one\n");
  EXPECT_EQ(readFile(log), "an earlier program\nthis one\n");
}

TEST_F(Exec, TellsHowAProgramEnded) {
  const auto outcome = [&](ProgramExit end) {
    ScriptedPrograms programs([&](const ProgramSpec&) { return end; });
    return textOr(run(R"({"argv":["x"]})", programs), "outcome");
  };
  EXPECT_EQ(outcome({.code = -1, .signal = 9}), "failed");
  EXPECT_EQ(outcome({.code = -1, .signal = 15, .timedOut = true}), "timeout");
  EXPECT_EQ(outcome({.code = -1, .startError = "cannot run 'x'"}), "not_started");
  EXPECT_EQ(outcome({.code = -1, .signal = 15, .stopped = true}), "cancelled");
}

TEST_F(Exec, ALostProgramIsToBeTriedAgain) {
  ScriptedPrograms programs([](const ProgramSpec&) {
    ProgramExit end;
    end.lost = true;
    end.startError = "the keeper died";
    return end;
  });
  const auto result = runProgram(R"({"argv":["x"]})", call, programs, folders, granted);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Unavailable);
}

// The manifest said which programs, and nobody looked at it.
TEST_F(Exec, StartsOnlyWhatTheManifestNames) {
  granted = {"git", "/usr/bin/python3"};
  EXPECT_THAT(whyNot(R"({"argv":["sh","-c","git"]})"), HasSubstr("may not start sh"));
  EXPECT_THAT(whyNot(R"({"argv":["/usr/bin/git"]})"), HasSubstr("may not start /usr/bin/git"));
  for (const char* spec : {R"({"argv":["git","fetch"]})", R"({"argv":["/usr/bin/python3"]})"}) {
    ScriptedPrograms programs;
    run(spec, programs);
    EXPECT_EQ(programs.ran.size(), 1U) << spec;
  }
  granted = std::vector<std::string>();
  EXPECT_THAT(whyNot(R"({"argv":["true"]})"), HasSubstr("may not start true"));
  granted = {"*"};
  ScriptedPrograms programs;
  run(R"({"argv":["sh"]})", programs);
  EXPECT_EQ(programs.ran.size(), 1U);
}

TEST_F(Exec, AStoppedCallStartsNothingMore) {
  call.stop(StopReason::User);
  ScriptedPrograms programs;
  EXPECT_EQ(textOr(run(R"({"argv":["x"]})", programs), "outcome"), "cancelled");
}

TEST_F(Exec, TheStricterLimitCounts) {
  services.room.limits.memoryBytes = 1000;
  services.room.limits.processes = 5;
  ScriptedPrograms programs;
  run(R"({"argv":["x"],"timeout_ms":1500,"limits":{"memory_bytes":2000,"processes":3,"cpu_seconds":7}})",
      programs);
  EXPECT_EQ(programs.ran[0].limits.memoryBytes, 1000u);
  EXPECT_EQ(programs.ran[0].limits.processes, 3u);
  EXPECT_EQ(programs.ran[0].limits.cpuSeconds, 7u);
  EXPECT_EQ(programs.ran[0].timeout, std::chrono::milliseconds(1500));
}

TEST_F(Exec, TheRoomOfTheStageIsTheMostThatAProgramGets) {
  services.room.sandbox = SandboxWish::Mode::Auto;
  services.room.network = Network::None;
  services.room.readable = {"/srv/index"};
  services.room.writable = {"/", "/no/such/folder"};
  ScriptedPrograms programs;
  run(R"({"argv":["x"],"sandbox":"none","network":true,"cwd":"/etc","readable":["/opt"]})",
      programs);
  run(R"({"argv":["x"],"sandbox":"require"})", programs);
  const SandboxWish& wish = programs.ran[0].sandbox;
  EXPECT_EQ(wish.mode, SandboxWish::Mode::Auto);
  EXPECT_EQ(wish.network, Network::None);
  EXPECT_THAT(wish.readable, ElementsAre("/srv/index", "/etc", "/opt"));
  EXPECT_EQ(wish.writable.size(), 2U) << "what the stage has, and a private folder";
  EXPECT_THAT(wish.writable, testing::Not(testing::Contains("/etc")));
  EXPECT_EQ(programs.ran[1].sandbox.mode, SandboxWish::Mode::Require);
}

/// The host writes with its own rights, and another user is another one's rights.
TEST_F(Exec, AConfinedStageChoosesNeitherUserNorWhereTheHostWrites) {
  const auto place = folder.path() / "place";
  std::filesystem::create_directory(place);
  const std::string files =
      R"({"argv":["x"],"files":{"f":{"text":"t"}},"cwd":")" + place.string() + R"("})";
  services.room.sandbox = SandboxWish::Mode::Auto;
  EXPECT_THAT(whyNot(files), HasSubstr("leave out cwd"));
  EXPECT_TRUE(std::filesystem::is_empty(place));
  for (const char* user : {"root", "nobody"})
    EXPECT_THAT(whyNot(R"({"argv":["x"],"user":")" + std::string(user) + "\"}"),
                HasSubstr("leave out user"));
  ScriptedPrograms programs;
  run(R"({"argv":["x"],"files":{"f":{"text":"t"}}})", programs);
  services.room.sandbox = SandboxWish::Mode::None;  // a builder's folder is its job's
  run(files, programs);
  EXPECT_EQ(readFile(place / "f"), "t");
  EXPECT_EQ(programs.ran.size(), 2U);
}

TEST_F(Exec, OnlyABuilderMayChooseTheNetworkOfTheMachine) {
  ScriptedPrograms programs;
  const auto networkOf = [&](const char* spec) {
    run(spec, programs);
    return programs.ran.back().sandbox.network;
  };
  constexpr const char* kHost = R"({"argv":["x"],"sandbox":"auto","network":"host"})";
  EXPECT_EQ(networkOf(kHost), Network::Host);
  EXPECT_EQ(networkOf(R"({"argv":["x"],"sandbox":"auto","network":true})"), Network::Outgoing);
  EXPECT_EQ(networkOf(R"({"argv":["x"],"sandbox":"auto"})"), Network::Outgoing);
  EXPECT_EQ(networkOf(R"({"argv":["x"],"sandbox":"auto","network":false})"), Network::None);
  services.room.sandbox = SandboxWish::Mode::Auto;  // a planner: its configuration says
  EXPECT_EQ(networkOf(kHost), Network::Outgoing);
  services.room.network = Network::None;
  EXPECT_EQ(networkOf(kHost), Network::None);
  services.room.network = Network::Host;
  EXPECT_EQ(networkOf(R"({"argv":["x"],"network":true})"), Network::Host);
}

TEST_F(Exec, RefusesASpecThatIsWrong) {
  EXPECT_THAT(whyNot("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(whyNot("{}"), HasSubstr("argv"));
  EXPECT_THAT(whyNot(R"({"argv":["x",7]})"), HasSubstr("not a string"));
  EXPECT_THAT(whyNot(R"({"argv":["x"],"cwd":"here"})"), HasSubstr("not absolute"));
  EXPECT_THAT(whyNot(R"({"argv":["x"],"files":{"../up":{"text":""}}})"), HasSubstr("leaves"));
  EXPECT_THAT(whyNot(R"({"argv":["x"],"files":{"a":"sha256:no"}})"), HasSubstr("neither a blob"));
  EXPECT_THAT(whyNot(R"({"argv":["x"],"files":{"a":")" + Digest::of("gone").text() + "\"}}"),
              HasSubstr("no blob"));
}

}  // namespace
}  // namespace planwright::stages_exec_test
