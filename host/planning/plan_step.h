#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "model/claims.h"
#include "model/plan_document.h"
#include "stages/reports.h"
#include "stages/running_call.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// The result for one claimed input. If `hold` is set, the queue must be held.
struct PlanResult {
  std::variant<PlannedInput, UnplannedInput> end;
  std::vector<StagedBlob> blobs;  ///< stored by the planner; their rows are due with the result
  Hold hold;
  std::string plugin;
  std::chrono::microseconds took{0};
};

/// Plans one input at a time: chooses the planner by the name of the file, calls it, and seals the
/// plan that it emitted. Owns one instance of each planner of the queue. All instances are of one
/// generation, the newest one when a call begins. Used by one worker thread; other threads may call
/// `interrupt`.
class PlanStep {
 public:
  PlanStep(LiveQueue& queue, const Host& host);

  PlanResult run(const ClaimedInput& input);
  /// Drops the instances of an older generation. run() does that, too; this function is for workers
  /// without work.
  void refresh() { adopt(queue_.now()); }

  /// Asks the call that runs now to stop; nothing happens if none does.
  void interrupt(StopReason reason) { running_.stop(reason); }
  /// The same if it plans one of these.
  void interrupt(const std::vector<InputId>& inputs, StopReason reason) {
    running_.stop(inputs, reason);
  }
  /// Stops the call once it took longer than its planner's deadline, or was silent for too long.
  void checkLimits(SteadyTime now) { running_.checkLimits(now); }
  /// How far the call that runs now says it is; nothing if it said nothing new.
  std::optional<InputProgress> takeProgress();

 private:
  struct Slot {
    const PlannerConfig* config = nullptr;
    std::unique_ptr<StageInstance> planner;
    std::string settingsDigest;
  };
  struct Telling {
    InputId input{};
    std::int64_t fence = 0;
    Reports* reports = nullptr;
  };

  void adopt(std::shared_ptr<const QueueGeneration> generation);
  PlanResult tryOut(const std::shared_ptr<const QueueGeneration>& trial, const ClaimedInput& input);
  void compare(const LiveQueue::Compared& tell, const ClaimedInput& input, const PlanResult& tried);
  PlanResult attemptOrRetry(const ClaimedInput& input);
  PlanResult attempt(const ClaimedInput& input);
  Slot* slotFor(const std::string& filename);
  Result<void> create(Slot& slot);
  std::filesystem::path folderOf(const Slot& slot) const;
  PlanResult noPlannerFits(const ClaimedInput& input) const;
  PlanResult seal(const ClaimedInput& input, const Slot& slot, const std::string& emitted,
                  std::vector<StagedBlob> stored);
  std::string missingBlob(const PlanSeal& plan, const std::vector<StagedBlob>& stored) const;
  UnplannedInput toUnplanned(const ClaimedInput& input, Failure failure) const;

  LiveQueue& queue_;
  BlobStore& blobs_;
  Metrics& metrics_;
  const std::filesystem::path folder_;  ///< what planners of the queue keep; empty = nothing
  std::shared_ptr<const QueueGeneration> generation_;
  std::vector<Slot> slots_;
  RunningCall<InputId> running_;
  Guarded<Telling> telling_;
};

}  // namespace planwright
