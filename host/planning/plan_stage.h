#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "planning/plan_committer.h"
#include "planning/plan_step.h"
#include "workers/alone_turns.h"
#include "workers/claimer.h"
#include "workers/host.h"
#include "workers/live_queue.h"
#include "workers/next_stage.h"
#include "workers/outbox.h"
#include "workers/prefetch.h"
#include "workers/source_turns.h"

namespace planwright {

/// The plan stage of one queue: a claimer takes ids and claims inputs, workers plan them, a
/// committer writes the results in groups. Threads pw-plan-c, pw-plan-0…, pw-plan-w (watch) and
/// pw-plan-f.
///   ids -> claimer -> inbox_ -> workers -> outbox_ -> committer
/// Destruction tells running calls to stop; what was claimed and not planned goes back unharmed.
class PlanStage final : public NextStage<ClaimedInput> {
 public:
  PlanStage(const Host& host, LiveQueue& queue, NextStage<ClaimedPlan>* building, int workers);
  ~PlanStage() override;
  PlanStage(const PlanStage&) = delete;
  PlanStage& operator=(const PlanStage&) = delete;

  void resize(int workers);
  int busy() const { return busy_.load(std::memory_order_relaxed); }
  /// The instance lost its claims: running work is stopped, its results will be refused by their
  /// fences.
  void abandon();
  /// Running calls are told to stop; they and what waits go back uncounted.
  void stopWork();
  /// The host is leaving (Membership::leave): what waits goes back. True: nothing is left.
  bool drain();

  std::size_t reserve(std::size_t most) override;
  void receive(std::vector<ClaimedInput> claimed, std::size_t seats) override;
  /// Inputs that are claimed and not yet committed; reconcile compares them with the table.
  std::vector<std::int64_t> held();

 private:
  struct Worker {
    PlanStep step;
    std::atomic<bool> gone{false};
    std::jthread thread;
    Worker(const Host& host, LiveQueue& queue) : step(queue, host.blobs) {}
  };
  struct Inbox {
    std::deque<ClaimedInput> waiting;
    std::vector<std::int64_t> held;  ///< ids from claim to commit
    bool isQueueDry = false;         ///< nothing waits that a new input would overtake
    std::size_t reserved = 0;        ///< seats of inputs that intake is just committing
    SteadyTime lastTaken{};          ///< when a worker took one, or some were claimed
  };

  std::size_t free(const Inbox& inbox);
  std::size_t room(const std::stop_token& stop);
  std::size_t claim(const std::vector<std::int64_t>& ids, bool alone);
  AloneTurns::Doors aloneDoors();
  SourceTurns::Doors turnDoors();
  SourceTurns& turns();
  /// The next input to plan, or nothing for about a second.
  std::optional<ClaimedInput> take(const std::stop_token& stop);
  void work(Worker& worker, int index, const std::stop_token& stop);
  void finish(const std::stop_token& stop);
  void watch(const std::stop_token& stop);
  void cancelWhatIsAsked();
  void startWorkers();
  void giveBack(std::size_t keep);

  const Host& host_;
  LiveQueue& queue_;
  const std::string list_;
  std::atomic<int> wanted_;
  std::atomic<int> busy_{0};
  Guarded<Inbox> inbox_;
  Outbox<PlanResult> outbox_;
  Prefetch prefetch_;
  std::unique_ptr<Connection> claimConnection_, watchConnection_;
  Guarded<std::vector<std::unique_ptr<Worker>>> workers_;
  AloneTurns alone_;
  SourceTurns turns_;                               ///< by turns(), in the claimer's thread
  std::shared_ptr<const QueueGeneration> weighed_;  ///< whose weights they have
  PlanCommitter committer_;
  std::unique_ptr<Claimer> claimer_;
  std::jthread claimThread_, watchThread_, finishThread_;
};

}  // namespace planwright
