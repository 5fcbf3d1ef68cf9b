#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace planwright {

/// That the host take over its configuration file as it is now.
struct ReloadRequest {
  bool isDryRun = false;            ///< check and compare, change nothing
  std::optional<std::string> text;  ///< dry run: as if this were in the file
  std::string actor;                ///< who asks: "api", "signal"
};

/// What came of it: `refusal`, or `json`.
struct ReloadAnswer {
  /// {"generation", "loaded_at", "applied", "changes": ChangePlan::json()}
  std::string json;
  std::vector<std::string> lines;  ///< the changes in words
  std::optional<Error> refusal = {};
  /// Where the mistakes are: "team.yaml:12:5" (or "/listen" for what needs a restart), what is
  /// wrong.
  std::vector<std::pair<std::string, std::string>> mistakes = {};
};

}  // namespace planwright
