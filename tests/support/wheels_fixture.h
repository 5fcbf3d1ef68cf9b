#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/embedded_files.h"
#include "base/json.h"
#include "programs/keeper.h"
#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright {

/// planwright.wheels with the real pip on a local index of real projects.
class WheelsFixture : public testing::Test {
 protected:
  struct Host {
    TempFolder folder;
    Keeper keeper{{BINARY_DIR "/planwright", 15'000, -1}};
    Plugins plugins{{{BINARY_DIR "/plugins"}, folder / "store", folder / "work"}, keeper};
  };
  static void SetUpTestSuite() {
    host = std::make_unique<Host>();
    const std::string make = SOURCE_DIR "/tests/fixtures/wheels/make_index.py ";
    ASSERT_EQ(std::system((make + index().string() + " >&2").c_str()), 0);
  }
  static void TearDownTestSuite() { host.reset(); }
  static std::filesystem::path index() { return host->folder / "index"; }
  static std::string local(const std::string& more = "") {
    return R"({"find_links":[")" + index().string() +
           R"("],"no_index":true,"build_isolation":false)" + more + "}";
  }

  /// With build isolation; setuptools is a wheel of Debian's, the other back ends are sources.
  static std::string isolated(const std::filesystem::path& from = index()) {
    return R"({"find_links":[")" + from.string() +
           R"(","/usr/share/python-wheels"],"no_index":true})";
  }
  /// The one in the index: Debian's, whichever Debian this is.
  static std::string versionOf(const std::string& project, const std::string& ending = ".tar.gz",
                               const std::filesystem::path& folder = index()) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      const std::string name = file.path().filename();
      if (name.starts_with(project + "-") && name.ends_with(ending))
        return name.substr(project.size() + 1, name.size() - project.size() - 1 - ending.size());
    }
    return "none";
  }
  /// "3.11"
  static std::string pythonVersion() {
    const std::string name = std::filesystem::canonical("/usr/bin/python3").filename();
    return name.substr(std::string_view("python").size());
  }
  static std::vector<std::string> idsOf(const StageOutcome& outcome) {
    std::vector<std::string> ids;
    const auto document = parseJson(outcome.text);
    for (const auto& job : find(*document, "jobs")->GetArray()) ids.push_back(textOr(job, "id"));
    return ids;
  }

  StageOutcome plan(const std::string& requirements, const std::string& settings = local()) {
    auto planner = host->plugins.planner("planwright.wheels", "q", settings);
    EXPECT_TRUE(planner) << planner.error().message;
    const std::string digest = Digest::of(requirements).text();
    services.blobs[digest] = requirements;
    return (*planner)->plan({"1", "team/requirements.txt", digest, "text/plain", "{}", requirements,
                             static_cast<std::int64_t>(requirements.size()), true, 1},
                            call);
  }
  Failure failureOf(const std::string& requirements, const std::string& settings = local()) {
    return plan(requirements, settings)
        .failure.value_or(Failure{FailureClass::Bug, "it planned", {}, {}});
  }

  /// Runs one planned job through planwright.command in a fresh folder, `workdir`.
  StageOutcome run(const JsonValue& job) {
    workdir = folder / (textOr(job, "id") + std::to_string(++builds));
    std::filesystem::create_directories(workdir);
    for (const auto& input : find(job, "inputs")->GetObject()) {
      const auto path = workdir / input.name.GetString();
      std::filesystem::create_directories(path.parent_path());
      replaceFile(path, services.blobs.at(input.value.GetString()));
    }
    const UniqueFd log(
        ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    services.output = log.get();
    auto builder = host->plugins.builder("planwright.command", "q", "{}");
    StageJob stageJob;
    stageJob.id = textOr(job, "id");
    stageJob.specJson = toJson(*find(job, "spec"));
    stageJob.workdir = workdir.string();
    auto outcome = (*builder)->build(stageJob, call);
    services.output = -1;
    return outcome;
  }
  /// The same for one that succeeds; gives its folder.
  std::filesystem::path build(const JsonValue& job) {
    const auto outcome = run(job);
    EXPECT_FALSE(outcome.failure) << outcome.failure->message << "\n" << readFile(folder / "log");
    return workdir;
  }
  /// Lines as words.
  static std::string joined(std::string lines) {
    std::replace(lines.begin(), lines.end(), '\n', ' ');
    return lines;
  }

  static inline std::unique_ptr<Host> host;
  TempFolder folder;
  FakeServices services;
  StageCall call{services};
  std::filesystem::path workdir;
  int builds = 0;
};

}  // namespace planwright
