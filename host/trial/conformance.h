#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trial/check.h"

namespace planwright {

struct ConformanceOptions {
  std::filesystem::path samples;              ///< folder of inputs that it must take; empty = none
  std::vector<std::string> settings;          ///< KEY=VALUE
  std::vector<std::string> only;              ///< names of checks or groups; empty = all
  std::chrono::milliseconds timeout{30'000};  ///< of one check
};

struct CheckResult {
  std::string group, name;
  CheckOutcome outcome;
  std::string remedy;  ///< what to do if it failed
  std::chrono::milliseconds took{0};
};

struct ConformanceReport {
  std::string id, version, digest;  ///< of the plugin; empty if its manifest cannot be read
  std::vector<CheckResult> results;

  int count(CheckOutcome::Verdict verdict) const;
  bool passed() const { return count(CheckOutcome::Verdict::Failed) == 0; }
  std::string json() const;
  std::string junit() const;  ///< the XML that continuous integration reads
};

/// Runs the checks on one plugin file, each in a child process, so that a crash of the plugin is a
/// failed check. After a failed gate the later checks are skipped. NotFound: no such file or
/// folder; Invalid: a check that there is not, or settings against the schema. The caller has one
/// thread only.
Result<ConformanceReport> checkPlugin(const std::filesystem::path& file,
                                      const ConformanceOptions& options);

}  // namespace planwright
