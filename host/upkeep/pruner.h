#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "config/config.h"
#include "store/database.h"

namespace planwright {

/// What was deleted, or would be.
struct Pruned {
  std::int64_t inputs = 0, plans = 0, builds = 0, jobs = 0, attempts = 0;
  bool any() const { return inputs + plans + builds + jobs + attempts > 0; }
  friend bool operator==(const Pruned&, const Pruned&) = default;
};

/// Deletes what ended long ago, queue by queue: a plan with its builds, jobs and logs, then inputs
/// that no plan is left of. Rows go in short transactions; log files after them and slowly, since
/// ext4 makes everybody wait while many files go. A crash in between leaves files that the
/// collector finds. One thread.
class Pruner {
 public:
  using FileQuestion = std::function<bool(const std::string& queue, const std::string& filename,
                                          const std::string& signature)>;
  struct Parts {
    Connection& connection;
    std::filesystem::path logs;  ///< one file per attempt, named by its id
    Metrics& metrics;
    /// May a file of this name, once seen with that signature, still be in a watched folder? Then
    /// what was recorded of it is kept, or the next start would take it for new. Empty: it may.
    FileQuestion isFileThere = {};
  };
  explicit Pruner(Parts parts) : parts_(std::move(parts)) {}

  /// Throws Unavailable when Postgres is away; what is done by then stays done.
  Pruned prune(const std::string& queue, const PruneConfig& wanted, const std::stop_token& stop);
  /// What prune() would delete now.
  Pruned look(const std::string& queue, const PruneConfig& wanted);

 private:
  void prunePlans(const std::string& queue, const PruneConfig& wanted, const std::stop_token& stop,
                  Pruned& done);
  bool slice(const std::string& ids, Pruned& done, std::vector<std::string>& logs);
  void removeLogs(const std::vector<std::string>& attempts, const std::stop_token& stop) const;
  void pruneInputs(const std::string& queue, const PruneConfig& wanted, const std::stop_token& stop,
                   Pruned& done);
  void forgetFiles(const std::string& queue, const std::vector<std::string>& names);

  const Parts parts_;
};

}  // namespace planwright
