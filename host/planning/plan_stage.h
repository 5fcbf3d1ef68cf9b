#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "planning/plan_committer.h"
#include "planning/plan_step.h"
#include "store/inputs.h"
#include "workers/claims.h"
#include "workers/host.h"
#include "workers/live_queue.h"
#include "workers/outbox.h"

namespace planwright {

/// The plan stage of one queue: claims bring inputs, workers plan them, a committer writes the
/// results in groups. Threads pw-plan-c (claims), pw-plan-0…, pw-plan-w (watch) and pw-plan-f.
///   claims_ -> inbox_ -> workers -> outbox_ -> committer
/// Destruction tells running calls to stop; what was claimed and not planned goes back unharmed.
class PlanStage {
 public:
  PlanStage(const Host& host, LiveQueue& queue, NextStage<ClaimedPlan>* building, int workers);
  ~PlanStage();
  PlanStage(const PlanStage&) = delete;
  PlanStage& operator=(const PlanStage&) = delete;

  void resize(int workers);
  int busy() const { return busy_.load(std::memory_order_relaxed); }
  /// The instance lost its claims. Running work is stopped, and its results will be refused because
  /// their fences are too old.
  void abandon();
  /// Running calls are told to stop. They, and the inputs that wait, are given back; the attempt
  /// does not count.
  void stopWork();
  /// The host is leaving (Membership::leave): inputs that wait are given back. True: nothing is
  /// left.
  bool drain();

  /// Where intake may hand over what it has just recorded.
  NextStage<ClaimedInput>& door() { return claims_; }
  /// Inputs that are claimed and not yet committed; reconcile compares them with the table.
  std::vector<std::int64_t> held() { return claims_.held(); }

 private:
  struct Worker {
    PlanStep step;
    std::atomic<bool> gone{false};
    std::jthread thread;
    Worker(const Host& host, LiveQueue& queue) : step(queue, host) {}
  };
  struct Inbox {
    std::deque<ClaimedInput> waiting;
    SteadyTime lastTaken{};  ///< when a worker took one, or some were claimed
  };

  void deliver(std::vector<ClaimedInput> claimed);
  /// The next input to plan, or nothing for about a second.
  std::optional<ClaimedInput> take(const std::stop_token& stop);
  void work(Worker& worker, int index, const std::stop_token& stop);
  void finish(const std::stop_token& stop);
  void watch(const std::stop_token& stop);
  void cancelWhatIsAsked();
  void noteProgress();
  void startWorkers();
  void giveBack(std::size_t keep);

  const Host& host_;
  LiveQueue& queue_;
  const std::string list_;
  std::atomic<int> wanted_;
  std::atomic<int> busy_{0};
  Guarded<Inbox> inbox_;
  Outbox<PlanResult> outbox_;
  std::unique_ptr<Connection> watchConnection_;
  Guarded<std::vector<std::unique_ptr<Worker>>> workers_;
  PlanCommitter committer_;
  Claims<Inputs> claims_;
  std::jthread watchThread_, finishThread_;
};

}  // namespace planwright
