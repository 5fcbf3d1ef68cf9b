#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "model/plan_document.h"
#include "programs/keeper.h"
#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright {

/// A bundled planner with the real tool that it asks. Its plans are sealed as a host does it, and
/// their jobs run through planwright.command.
class PlannerFixture : public testing::Test {
 protected:
  struct Host {
    TempFolder folder;
    Keeper keeper{{BINARY_DIR "/planwright", 15'000, -1}};
    Plugins plugins{{{BINARY_DIR "/plugins"}, folder / "store", folder / "work"}, keeper};
  };
  /// For all tests of a suite, with the files that the script `make` puts into `place` of its
  /// folder.
  static void startHost(const std::string& make, const std::string& place) {
    host = std::make_unique<Host>();
    const std::string command =
        SOURCE_DIR "/tests/fixtures/" + make + " " + (host->folder / place).string() + " >&2";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  static void TearDownTestSuite() { host.reset(); }

  /// Of an input that is called team/`name`.
  StageOutcome planWith(const std::string& plugin, const std::string& name,
                        const std::string& content, const std::string& settings) {
    auto planner = host->plugins.planner(plugin, "q", settings);
    EXPECT_TRUE(planner) << planner.error().message;
    const std::string digest = Digest::of(content).text();
    services.blobs[digest] = content;
    auto outcome = (*planner)->plan({"1", "team/" + name, digest, "text/plain", "{}", content,
                                     static_cast<std::int64_t>(content.size()), true, 1},
                                    call);
    if (outcome.failure) return outcome;
    const auto sealed = sealPlan(outcome.text, digest, plugin + " 1");
    EXPECT_TRUE(sealed) << sealed.error().message;
    return outcome;
  }
  static Failure failureIn(const StageOutcome& outcome) {
    return outcome.failure.value_or(Failure{FailureClass::Bug, "it planned", {}, {}});
  }
  static std::vector<std::string> idsOf(const StageOutcome& outcome) {
    std::vector<std::string> ids;
    const auto document = parseJson(outcome.text);
    for (const auto& job : find(*document, "jobs")->GetArray()) ids.push_back(textOr(job, "id"));
    return ids;
  }

  /// Runs a planned job in `workdir`; the folders of the jobs that it needs are beside it.
  StageOutcome runIn(const std::filesystem::path& workdir, const JsonValue& job,
                     const std::string& builderSettings = "{}") {
    std::filesystem::create_directories(workdir);
    if (const auto* inputs = find(job, "inputs"))
      for (const auto& input : inputs->GetObject()) {
        const auto path = workdir / input.name.GetString();
        std::filesystem::create_directories(path.parent_path());
        replaceFile(path, bytesOf(input.value, workdir.parent_path()));
      }
    const UniqueFd log(
        ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    services.output = log.get();
    auto builder = host->plugins.builder("planwright.command", "q", builderSettings);
    StageJob stageJob;
    stageJob.id = textOr(job, "id");
    stageJob.specJson = toJson(*find(job, "spec"));
    stageJob.workdir = workdir.string();
    auto outcome = (*builder)->build(stageJob, call);
    services.output = -1;
    return outcome;
  }

  static inline std::unique_ptr<Host> host;
  TempFolder folder;
  FakeServices services;
  StageCall call{services};
  int builds = 0;

 private:
  std::string bytesOf(const JsonValue& input, const std::filesystem::path& jobs) {
    if (const auto* text = input.IsObject() ? find(input, "text") : nullptr)
      return text->GetString();
    const std::string source = input.GetString();
    return source.starts_with("sha256:") ? services.blobs.at(source) : readFile(jobs / source);
  }
};

}  // namespace planwright
