#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

/// The actions of people on pending inputs. [any thread]
class InputActions {
 public:
  explicit InputActions(const ControlParts& parts) : parts_(parts) {}

  /// "Generate plan". Commits the row, then pushes its id; without Redis the row alone is enough.
  /// NotFound; Conflict already-planned (unless `force`) or planning. A `traceId` (32 hex digits)
  /// becomes the input's.
  Result<Enqueued> enqueuePlan(std::int64_t id, bool force, const std::string& actor,
                               const std::string& traceId = {}) const;
  /// The same for all inputs of the queue that nobody has queued. Gives how many.
  std::int64_t enqueueWaiting(const std::string& queue, const std::string& actor) const;
  /// NotFound: no such queue. Invalid: not a relative UTF-8 name.
  Result<Uploaded> upload(const Upload& upload) const;
  /// Cancels a waiting input at once. An input that is being planned is cancelled when its planner
  /// and everything that it started have ended. Conflict `finished`.
  Result<Cancelled> cancel(std::int64_t id, const std::string& actor) const;

 private:
  const ControlParts& parts_;
};

}  // namespace planwright
