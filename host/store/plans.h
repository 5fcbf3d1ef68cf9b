#pragma once

#include <string>
#include <vector>

#include "model/claims.h"
#include "store/line_rows.h"

namespace planwright {

/// The changes that the build stage makes to plans and their builds. As in Inputs, writes carry a
/// fence and use the caller's connection.
class Plans : public LineRows {
 public:
  using Claimed = ClaimedPlan;

  explicit Plans(Connection& connection);

  std::vector<ClaimedPlan> claim(const std::vector<std::int64_t>& ids, InstanceId instance,
                                 const std::string& queue, bool alone = false);
  /// One transaction: plans, builds, small manifests, events. Gives the plans that were still ours,
  /// also those that an in-doubt commit already finished.
  std::vector<PlanId> finish(const std::vector<FinishedBuild>& builds, const std::string& queue);
  /// Plans of ours that somebody wants stopped.
  std::vector<PlanId> cancelRequests(InstanceId instance, const std::string& queue);

 private:
  static const Statements kStatements;
};

}  // namespace planwright
