#pragma once

#include <chrono>
#include <string>

#include "config/config.h"

namespace planwright {

struct ExamineOptions {
  bool repair = false;   ///< first a few rounds of reconcile, where no host does them
  bool isQuick = false;  ///< large blobs are not read
  std::chrono::milliseconds patience = std::chrono::seconds(10);  ///< Doctor::Parts
};

struct Examination {
  bool isHealthy = false;
  /// {healthy, host_running, repairs: {kind: count} or null,
  ///  checks: [{name, promise, examined, skipped, violations: [{item, what}], advice}]}
  std::string json;
};

/// Opens what the configuration names as a host would, without being one, and has the Doctor look
/// at it. While a host runs on the data folder, its private services are used; otherwise they are
/// started for as long as this takes, and the folder is locked so that no host starts meanwhile.
/// Throws, with what to do, if there is nothing to examine or Postgres is away. Main thread.
Examination examine(const Config& config, const ExamineOptions& options);

}  // namespace planwright
