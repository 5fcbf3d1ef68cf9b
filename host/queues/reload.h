#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/live.h"
#include "base/result.h"
#include "config/config_reader.h"
#include "queues/queues.h"

namespace planwright {

/// A request that the host takes over its configuration file as it is now.
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
  /// For each mistake its place, such as "team.yaml:12:5" (or "/listen" for a key that needs a
  /// restart), and what is wrong.
  std::vector<std::pair<std::string, std::string>> mistakes = {};
};

/// Takes over the configuration file as it is now, all of it or nothing: it is read and checked
/// first, and only then becomes the next generation. Owned by Application. [any thread], one at a
/// time.
class Reload {
 public:
  struct Parts {
    const Host& host;
    Live<Config>& config;
    Queues& queues;
    /// The whole configuration as `serve` would read it, or with that text as the file.
    std::function<ReadConfig(const std::optional<std::string>& text)> read;
  };
  explicit Reload(Parts parts);

  ReloadAnswer run(const ReloadRequest& request);
  /// {"generation", "loaded_at", "file": path or null}
  std::string json() const;

 private:
  ReloadAnswer refuse(const ReloadRequest& request, ReloadAnswer refused);
  ReloadAnswer answer(const ChangePlan& plan, bool isApplied) const;
  ReloadAnswer apply(const ReloadRequest& request, std::shared_ptr<const Config> next,
                     const ChangePlan& plan);
  std::vector<ConfigProblem> strangePlugins(const Config& wanted) const;
  std::vector<ConfigProblem> tryStages(const Config& next, const ChangePlan& plan) const;
  void setGauges();

  struct InForce {
    std::int64_t generation = 1;
    WallTime since{};
  };
  const Parts parts_;
  std::mutex one_;
  mutable Guarded<InForce> inForce_;
};

}  // namespace planwright
