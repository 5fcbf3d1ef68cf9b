#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "building/build_stage.h"
#include "store/inputs.h"
#include "support/line_fixture.h"
#include "support/planned.h"

namespace planwright::job_outputs_test {
namespace {

using testing::HasSubstr;

/// One job with the secret DEPLOY_TOKEN, whose "program" does what the test wants.
class JobOutputs : public LineFixture {
 protected:
  JobOutputs()
      : maker([this](const ProgramSpec& spec) { return make(spec), ProgramExit{.code = 0}; }) {
    queue.builder.plugin = "planwright.command";
    queue.builder.settingsJson = R"({"sandbox":"none"})";
    replaceFile(folder / "token", "correct-horse-battery\n");
    queue.builder.secrets = {{"DEPLOY_TOKEN", {folder / "token", ""}}};
    queue.builder.pluginSecrets = queue.builder.secrets;
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"}, maker);
  }
  /// How the job with this output ends: its status, and what it says of it.
  std::string build(const std::string& output) {
    BuildStage stage(*host, liveQueue(), 1, 1);
    const std::string document =
        R"({"jobs":[{"id":"a","outputs":[")" + output + R"("],"spec":{"command":["make"]}}]})";
    const auto intake = recorder();
    const auto id = record(*intake, "p" + output, document);
    const auto plan = planInput(*connection, InstanceId{membership.instance()}, id, document);
    connection->run("enqueue_plans", {"{" + std::to_string(plan) + "}", true, "test", "all", true});
    tickets()->push("build_queue", {plan});
    EXPECT_TRUE(eventually([&] {
      const auto status = text("select status from plans where id = " + std::to_string(plan));
      return status == "built" || status == "failed";
    }));
    return text(
        "select status || ': ' || coalesce(error, '') || coalesce(outputs::text, '') from jobs "
        "order by id desc limit 1");
  }

  ScriptedPrograms maker;
  std::function<void(const ProgramSpec&)> make;
};

/// Whoever may see the build may read them.
TEST_F(JobOutputs, NamesDoNotShowSecrets) {
  make = [](const ProgramSpec& spec) {
    replaceFile(spec.cwd + "/for-correct-horse-battery.txt", "x");
  };
  const auto one = build("*.txt");
  EXPECT_THAT(one, HasSubstr("succeeded: "));
  EXPECT_THAT(one, HasSubstr("for-***.txt"));
  EXPECT_THAT(one, testing::Not(HasSubstr("battery")));
  make = [](const ProgramSpec& spec) {
    replaceFile(spec.cwd + "/correct-horse-battery", "x");
    replaceFile(spec.cwd + "/Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", "as base64");
  };
  EXPECT_THAT(build("*"), HasSubstr("failed: Two outputs have the name *** once secrets are"));
}

/// It was tried again and again, as if the machine were broken, with paths of the host.
TEST_F(JobOutputs, ALinkToItselfFailsTheJobOnce) {
  make = [](const ProgramSpec& spec) {
    std::filesystem::create_symlink("c.txt", spec.cwd + "/c.txt");
  };
  EXPECT_THAT(
      build("*.txt"),
      HasSubstr("failed: The output c.txt is not a regular file; links and devices are refused."));
  EXPECT_EQ(text("select count(*) from job_attempts"), "1");
}

}  // namespace
}  // namespace planwright::job_outputs_test
