#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "support/planner_fixture.h"

namespace planwright {

/// planwright.wheels with the real pip on a local index of real projects.
class WheelsFixture : public PlannerFixture {
 protected:
  static void SetUpTestSuite() { startHost("wheels/make_index.py", "index"); }
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

  StageOutcome plan(const std::string& requirements, const std::string& settings = local()) {
    return planWith("planwright.wheels", "requirements.txt", requirements, settings);
  }
  Failure failureOf(const std::string& requirements, const std::string& settings = local()) {
    return failureIn(plan(requirements, settings));
  }

  /// Runs one planned job in a fresh folder, `workdir`.
  StageOutcome run(const JsonValue& job) {
    workdir = folder / (textOr(job, "id") + std::to_string(++builds));
    return runIn(workdir, job);
  }
  /// Plans, and runs the first job of the plan. Nothing: it succeeded.
  std::optional<Failure> failureOfFirstJob(const std::string& requirements) {
    const auto outcome = plan(requirements);
    EXPECT_FALSE(outcome.failure) << outcome.failure->message;
    if (outcome.failure) return std::nullopt;
    const auto document = parseJson(outcome.text);
    return run((*find(*document, "jobs"))[0]).failure;
  }
  /// Runs a job that succeeds; gives its folder.
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

  std::filesystem::path workdir;
};

}  // namespace planwright
