#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/claims.h"
#include "store/line_rows.h"

namespace planwright {

/// The changes that the plan stage makes to pending inputs. Every write carries the fence of the
/// claim; items whose claim was lost are missing from the answer. Uses the caller's connection;
/// throws Unavailable when Postgres is away.
class Inputs : public LineRows {
 public:
  using Claimed = ClaimedInput;

  explicit Inputs(Connection& connection);

  /// Claims those of `ids` that are due, queued and allowed; the others are stale tickets. `alone`:
  /// items that a host died with.
  std::vector<ClaimedInput> claim(const std::vector<std::int64_t>& ids, InstanceId instance,
                                  const std::string& queue, bool alone = false);

  struct Made {
    InputId input{};
    PlanId plan{};
    bool queued = false;               ///< auto_build was on: it wants a ticket
    std::optional<ClaimedPlan> claim;  ///< or it is ours to build already
  };
  /// One transaction: plan rows, small blobs, statuses, events. Also finds what an in-doubt commit
  /// already made.
  std::vector<Made> finishPlanned(const std::vector<PlannedInput>& inputs, const std::string& queue,
                                  ClaimAhead ahead = {});
  struct Unplanned {
    InputId id{};
    std::string status;  ///< failed, also when its budget was used up; pending, cancelled
  };
  std::vector<Unplanned> finishUnplanned(const std::vector<UnplannedInput>& inputs,
                                         const std::string& queue);
  /// How far their planners are. What is being moved right now is left out.
  void note(const std::vector<InputProgress>& said);
  /// Inputs of ours that somebody wants stopped.
  std::vector<InputId> cancelRequests(InstanceId instance, const std::string& queue);
  /// Cancels planned inputs that finishPlanned did not change because somebody asked to cancel
  /// them.
  std::vector<InputId> endCancelled(const std::vector<PlannedInput>& inputs);

 private:
  static const Statements kStatements;
  void nameBlobs(const std::vector<PlannedInput>& inputs, const std::vector<Made>& made);
  void tell(const std::vector<PlannedInput>& inputs, const Rows& finished,
            const std::string& queue);
};

}  // namespace planwright
