#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/claims.h"
#include "store/database.h"

namespace planwright {

/// The moves of pending inputs that the plan stage makes. Every write carries the fence of the
/// claim; what it lost is missing from the answer. Uses the caller's connection; throws Unavailable
/// when Postgres is away.
class Inputs {
 public:
  using Claimed = ClaimedInput;

  explicit Inputs(Connection& connection) : connection_(connection) {}

  /// Those of `ids` that are due, queued and allowed become ours. Others are stale tickets.
  /// `alone`: those that a host died with.
  std::vector<ClaimedInput> claim(const std::vector<std::int64_t>& ids, InstanceId instance,
                                  const std::string& queue, bool alone = false);
  /// Whether anything may be claimed: the stage is not paused or held.
  bool isOpen(const std::string& queue);
  /// What is due, up to `limit` of each source, oldest first.
  std::vector<QueuedItem> due(const std::string& queue, std::size_t limit);
  /// Anything of a source but this one is queued.
  bool doOthersWait(const std::string& queue, const std::string& source);

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
  /// The next of those that a host died with, if one is due.
  std::vector<std::int64_t> dueAlone(const std::string& queue);
  struct Unplanned {
    InputId id{};
    std::string status;  ///< failed, also when its budget was used up; pending, cancelled
  };
  std::vector<Unplanned> finishUnplanned(const std::vector<UnplannedInput>& inputs,
                                         const std::string& queue);
  /// Inputs of ours that somebody wants stopped.
  std::vector<InputId> cancelRequests(InstanceId instance, const std::string& queue);
  /// Of planned inputs that finishPlanned left alone: those that somebody cancelled are cancelled.
  std::vector<InputId> endCancelled(const std::vector<PlannedInput>& inputs);

 private:
  void nameBlobs(const std::vector<PlannedInput>& inputs, const std::vector<Made>& made);

  Connection& connection_;
};

}  // namespace planwright
