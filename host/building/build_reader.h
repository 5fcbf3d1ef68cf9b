#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/claims.h"
#include "model/plan_document.h"
#include "store/jobs.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// Reads what builds are made of: sealed documents, and what an earlier claim or an earlier build
/// left. Belongs to the build loop and its thread.
class BuildReader {
 public:
  BuildReader(const Host& host, LiveQueue& queue, Connection& connection)
      : host_(host),
        queue_(queue),
        connection_(connection) {}

  /// An error says why the plan can never be built.
  Result<std::shared_ptr<const PlanDocument>> document(const ClaimedPlan& plan) const;
  /// The jobs of builds that go on, by build and position, after what their dead host left under
  /// way was put back. Throws Unavailable.
  std::unordered_map<std::int64_t, std::vector<KnownJob>> takeOver(
      const std::vector<ClaimedPlan>& plans) const;
  /// What succeeded in the build before this one. Throws Unavailable.
  std::vector<KnownJob> succeededBefore(const ClaimedPlan& plan) const {
    return Jobs(connection_).succeededBefore(plan.id, plan.build);
  }
  /// By name, in seconds; nothing when Postgres is away: any order of jobs is right.
  std::map<std::string, double> durations(
      const std::vector<std::shared_ptr<const PlanDocument>>& documents) const;

 private:
  const Host& host_;
  LiveQueue& queue_;
  Connection& connection_;
};

}  // namespace planwright
