#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"
#include "control/input_actions.h"

namespace planwright {

struct EnqueueBuild {
  std::int64_t plan = 0;
  bool onlyFailed = false;  ///< run again only what did not succeed in the latest build
  bool useCache = true;     ///< take results of jobs from the cache
  bool force = false;       ///< also when it is built already
  std::optional<std::string> expectedDigest = {};  ///< If-Match: the plan somebody looked at
  std::string actor;
  std::string traceId = {};  ///< 32 hex digits: it becomes the plan's
};

/// The actions of people on plans and builds. [any thread]
class PlanActions {
 public:
  explicit PlanActions(const ControlParts& parts) : parts_(parts) {}

  /// "Enqueue build". NotFound; Stale when the digest differs; Conflict already-building,
  /// already-built (unless forced). As for inputs, Redis may be away.
  Result<Enqueued> enqueueBuild(const EnqueueBuild& wish) const;
  /// All plans of the queue that nobody has queued. Gives how many.
  std::int64_t enqueueWaiting(const std::string& queue, const std::string& actor) const;
  /// Cancels an item that waits at once, and a running one when none of its processes lives any
  /// more. NotFound; Conflict `finished`. cancelPlan also stops its build.
  Result<Cancelled> cancelPlan(std::int64_t plan, const std::string& actor) const;
  Result<Cancelled> cancelBuild(std::int64_t build, const std::string& actor) const;
  Result<Cancelled> cancelJob(std::int64_t job, const std::string& actor) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright
