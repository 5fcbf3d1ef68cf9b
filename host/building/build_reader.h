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

/// Reads what a build needs from Postgres and the blob store: the sealed plan, and the jobs that an
/// earlier claim or an earlier build of the same plan left. Used by the build loop in its thread.
class BuildReader {
 public:
  BuildReader(const Host& host, LiveQueue& queue, Connection& connection)
      : host_(host),
        queue_(queue),
        connection_(connection) {}

  /// An error means that the plan can never be built, and says why.
  Result<std::shared_ptr<const PlanDocument>> document(const ClaimedPlan& plan) const;
  /// The jobs of builds that are continued, by build and position. Jobs that a dead host left
  /// running are reset first. Throws Unavailable.
  std::unordered_map<std::int64_t, std::vector<KnownJob>> takeOver(
      const std::vector<ClaimedPlan>& plans) const;
  /// The jobs that succeeded in the build before this one. Throws Unavailable.
  std::vector<KnownJob> succeededBefore(const ClaimedPlan& plan) const {
    return Jobs(connection_).succeededBefore(plan.id, plan.build);
  }
  /// By name, in seconds. Empty when Postgres is away, because jobs may start in any order.
  std::map<std::string, double> durations(
      const std::vector<std::shared_ptr<const PlanDocument>>& documents) const;

 private:
  const Host& host_;
  LiveQueue& queue_;
  Connection& connection_;
};

}  // namespace planwright
