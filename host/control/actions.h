#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "artifacts/blob_store.h"
#include "base/result.h"
#include "control/control_parts.h"

namespace planwright {

/// The result for one item that somebody asked to enqueue.
struct Enqueued {
  bool wasQueued = false;     ///< it was there already; nothing changed
  std::string list;           ///< "plan_queue"
  std::int64_t position = 0;  ///< in that list, 1 = next
  std::string itemJson;       ///< as in the lists
};

/// What became of something that somebody cancelled.
struct Cancelled {
  bool isOver = false;   ///< false: something of it still runs, and is being stopped
  std::string itemJson;  ///< as in the lists
};

/// A file handed over through the API.
struct Upload {
  std::string queue;
  std::string filename;
  StagedBlob blob;
  std::string traceId;  ///< 32 hex digits, or empty
};

struct Uploaded {
  bool isNew = true;  ///< false: the newest input of that queue and name has this content
  std::int64_t id = 0;
  std::string itemJson;
};

struct EnqueueBuild {
  std::int64_t plan = 0;
  bool onlyFailed = false;  ///< run again only what did not succeed in the latest build
  bool useCache = true;     ///< take results of jobs from the cache
  bool force = false;       ///< also when it is built already
  std::optional<std::string> expectedDigest = {};  ///< If-Match: the plan somebody looked at
  std::string actor;
  std::string traceId = {};  ///< 32 hex digits: it becomes the plan's
};

/// The actions of people on inputs, plans, builds and jobs. A row is committed first, then its id
/// is pushed; without Redis the row alone is enough. An item that waits is cancelled at once, and a
/// running one when none of its processes lives any more. [any thread]
class Actions {
 public:
  explicit Actions(const ControlParts& parts) : parts_(parts) {}

  /// "Generate plan". NotFound; Conflict already-planned (unless `force`) or planning. A `traceId`
  /// (32 hex digits) becomes the input's.
  Result<Enqueued> enqueuePlan(std::int64_t input, bool force, const std::string& actor,
                               const std::string& traceId = {}) const;
  /// "Enqueue build". NotFound; Stale when the digest differs; Conflict already-building,
  /// already-built (unless forced).
  Result<Enqueued> enqueueBuild(const EnqueueBuild& wish) const;
  /// All inputs or plans of the queue that nobody has queued. Gives how many.
  std::int64_t enqueueWaiting(LiveQueue::Stage stage, const std::string& queue,
                              const std::string& actor) const;
  /// NotFound: no such queue. Invalid: not a relative UTF-8 name.
  Result<Uploaded> upload(const Upload& upload) const;
  /// NotFound; Conflict finished. The second stops the build of the plan, too.
  Result<Cancelled> cancelInput(std::int64_t input, const std::string& actor) const;
  Result<Cancelled> cancelPlan(std::int64_t plan, const std::string& actor) const;
  Result<Cancelled> cancelBuild(std::int64_t build, const std::string& actor) const;
  Result<Cancelled> cancelJob(std::int64_t job, const std::string& actor) const;

 private:
  struct Line;
  static const Line& lineOf(LiveQueue::Stage stage);
  void push(const std::string& list, const std::vector<std::int64_t>& ids,
            std::int64_t* position = nullptr) const;
  Result<Enqueued> queued(const Line& line, Connection& connection, std::int64_t id,
                          const std::string& list, bool wasQueued) const;

  const ControlParts& parts_;
};

}  // namespace planwright
