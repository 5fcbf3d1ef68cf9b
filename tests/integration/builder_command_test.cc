#include <chrono>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "programs/keeper.h"
#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::builder_command_test {
namespace {

using testing::HasSubstr;

/// planwright.command through the real loader and the real keeper.
class CommandBuilder : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "job");
    log_.reset(::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    services_.output = log_.get();
  }

  StageOutcome build(const std::string& spec, const std::string& settings = "{}") {
    auto builder = plugins_.builder("planwright.command", "q", settings);
    EXPECT_TRUE(builder) << builder.error().message;
    StageJob job;
    job.id = "greet";
    job.specJson = spec;
    job.workdir = (folder_ / "job").string();
    return (*builder)->build(job, call_);
  }
  Failure failureOf(const std::string& spec) {
    return build(spec).failure.value_or(Failure{FailureClass::Bug, "it succeeded", {}, {}});
  }
  std::string log() const { return readFile(folder_ / "log"); }

  TempFolder folder_;
  UniqueFd log_;
  FakeServices services_;
  StageCall call_{services_};
  Keeper keeper_{{BINARY_DIR "/planwright", 15'000, -1}};
  Plugins plugins_{{{BINARY_DIR "/plugins"}, folder_ / "store", folder_ / "work"}, keeper_};
};

TEST_F(CommandBuilder, RunsInTheWorkFolderAndLogsWhatItSays) {
  EXPECT_FALSE(build(R"({"command": ["sh", "-c", "echo hello > out.txt; pwd"]})").failure);
  EXPECT_EQ(readFile(folder_ / "job" / "out.txt"), "hello\n");
  EXPECT_EQ(log(), (folder_ / "job").string() + "\n");
}

TEST_F(CommandBuilder, RunsATextByAShellThatStopsAtTheFirstFailure) {
  EXPECT_EQ(failureOf(R"({"command": "echo one\nfalse\necho two"})").message,
            "exited with 1 (last line: one)");
  EXPECT_EQ(failureOf(R"({"command": "echo $nobody_set_this"})").kind, FailureClass::Failed);
}

TEST_F(CommandBuilder, SaysHowACommandFailed) {
  Failure failure =
      failureOf(R"({"command": "echo first; echo '  the reason  ' >&2; echo; exit 7"})");
  EXPECT_EQ(failure.kind, FailureClass::Failed);
  EXPECT_EQ(failure.message, "exited with 7 (last line: the reason)");
  EXPECT_EQ(failure.details, "first\n  the reason  \n\n");
  EXPECT_EQ(failureOf(R"({"command": "kill -9 $$"})").message, "was ended by signal 9 (SIGKILL)");
  EXPECT_EQ(failureOf(R"({"command": ["no-such-program"]})").message,
            "cannot run 'no-such-program': No such file or directory");
}

TEST_F(CommandBuilder, TheFirstErrorLineIsTheReason) {
  const auto failure = failureOf(
      R"({"command": "echo 'error: subprocess-exited-with-error'; echo '  x.c:1:10: fatal error: no_such.h: No such file'; echo 'error: command gcc failed'; exit 1"})");
  EXPECT_EQ(failure.message, "exited with 1: x.c:1:10: fatal error: no_such.h: No such file");
}

/// npm's reason was the path of a log that is gone.
TEST_F(CommandBuilder, ToolsNameErrorsInManyWays) {
  const auto reasonOf = [this](const std::string& output) {
    std::string script = "printf '%s\\n'";
    for (std::size_t at = 0; at < output.size();) {
      const auto end = std::min(output.find('|', at), output.size());
      script += " '" + output.substr(at, end - at) + "'";
      at = end + 1;
    }
    return failureOf(JsonWriter().object().member("command", script + "; exit 1").end().take())
        .message.substr(std::string_view("exited with 1").size());
  };
  EXPECT_EQ(
      reasonOf("npm error code ENOTCACHED|npm error request failed|npm error A complete log of"),
      ": npm error code ENOTCACHED");
  EXPECT_EQ(reasonOf("npm WARN old|npm ERR! code E404"), ": npm ERR! code E404");
  EXPECT_EQ(reasonOf("error[E0308]: mismatched types| --> src/main.rs:1"),
            ": error[E0308]: mismatched types");
  EXPECT_EQ(reasonOf("a.ts(1,5): error TS2304: Cannot find name x|done"),
            ": a.ts(1,5): error TS2304: Cannot find name x");
  EXPECT_EQ(reasonOf("cc -c a.c|make[1]: *** [Makefile:2: all] Error 1|bye"),
            ": make[1]: *** [Makefile:2: all] Error 1");
  EXPECT_EQ(reasonOf("ERROR:||  no space left|bye"), ": ERROR: no space left");
  EXPECT_EQ(reasonOf("CMake Error at CMakeLists.txt:3 (message):|  no zlib|bye"),
            ": CMake Error at CMakeLists.txt:3 (message): no zlib");
  EXPECT_EQ(reasonOf("SyntaxError: invalid syntax|bye"), ": SyntaxError: invalid syntax");
  EXPECT_EQ(reasonOf("0 errors|error code unknown|the last"), " (last line: the last)");
}

TEST_F(CommandBuilder, JoinsTheEnvironments) {
  EXPECT_FALSE(build(R"({"command": "test $A$B = 13 && env", "env": {"B": "3"}})",
                     R"({"env": {"A": "1", "B": "2"}})")
                   .failure);
  EXPECT_THAT(log(), HasSubstr("PATH="));
  EXPECT_THAT(log(), testing::Not(HasSubstr("PWD_OF_THE_HOST")));
}

TEST_F(CommandBuilder, RejectsSpecsItCannotRun) {
  for (const char* spec : {"{}", R"({"command": 7})", R"({"command": []})", R"({"command": ""})",
                           R"({"command": ["a", 1]})", R"({"command": "true", "env": {"A": 1}})",
                           R"({"command": "true", "env": {"A=B": "1"}})"})
    EXPECT_EQ(failureOf(spec).kind, FailureClass::Rejected) << spec;
}

TEST_F(CommandBuilder, RefusesSettingsItCannotMeet) {
  const auto refused = build(R"({"command": "true"})", R"({"sandbox": "require"})").failure;
  ASSERT_TRUE(refused);  // there is only a keeper here
  EXPECT_EQ(refused->kind, FailureClass::Config);
  EXPECT_THAT(refused->message, HasSubstr("sandbox: require cannot be met"));
  EXPECT_FALSE(plugins_.builder("planwright.command", "q", R"({"readable": ["srv"]})"));
  EXPECT_FALSE(plugins_.builder("planwright.command", "q", R"({"sandbox": "maybe"})"));
}

TEST_F(CommandBuilder, EndsWithTheCall) {
  std::jthread stops([this] {
    while (log().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    call_.stop(StopReason::Deadline);
  });
  EXPECT_EQ(failureOf(R"({"command": "echo up; exec sleep 100"})").kind, FailureClass::Timeout);
}

}  // namespace
}  // namespace planwright::builder_command_test
