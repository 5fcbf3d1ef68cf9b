#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "building/build_loop.h"
#include "building/job_runner.h"
#include "workers/alone_turns.h"
#include "workers/claimer.h"
#include "workers/host.h"
#include "workers/live_queue.h"
#include "workers/next_stage.h"
#include "workers/prefetch.h"
#include "workers/source_turns.h"

namespace planwright {

/// The build stage of one queue: a claimer takes ids and claims plans, the loop owns the builds,
/// job threads run jobs.
///   ids -> claimer -> mail_ -> loop -> tasks_ -> job threads -> mail_
/// Threads pw-build-c, pw-build (the loop), pw-job-0… and pw-build-w (deadlines, cancel requests).
class BuildStage final : public NextStage<ClaimedPlan> {
 public:
  /// `workers`: builds open at once; `jobSlots`: jobs running at once.
  BuildStage(const Host& host, LiveQueue& queue, int workers, int jobSlots);
  ~BuildStage() override;
  BuildStage(const BuildStage&) = delete;
  BuildStage& operator=(const BuildStage&) = delete;

  void resize(int workers, int jobSlots);
  int openBuilds() { return static_cast<int>(held_.lock()->plans.size()); }
  int busySlots() const { return busy_.load(std::memory_order_relaxed); }
  void abandon();
  /// No job starts any more, running ones are told to stop; builds go back uncounted.
  void stopWork();
  /// The host is leaving (Membership::leave): no job starts any more, builds without a running job
  /// go back. True: nothing is left.
  bool drain();
  /// Plans that are claimed and not yet committed as finished.
  std::vector<std::int64_t> held() { return held_.lock()->plans; }

  std::size_t reserve(std::size_t most) override;
  void receive(std::vector<ClaimedPlan> claimed, std::size_t seats) override;

 private:
  struct JobThread {
    JobRunner runner;
    std::atomic<bool> gone{false};
    std::jthread thread;
    JobThread(const Host& host, LiveQueue& queue, RemoteEngines& engines)
        : runner(host, queue, engines) {}
  };

  struct Held {
    std::vector<std::int64_t> plans;  ///< from claim to the commit of their end
    bool isQueueDry = false;          ///< nothing waits that a new plan would overtake
    std::size_t reserved = 0;         ///< seats of plans that planning is just committing
  };

  std::size_t free(const Held& held);
  std::size_t room(const std::stop_token& stop);
  std::size_t claim(const std::vector<std::int64_t>& ids, bool alone);
  AloneTurns::Doors aloneDoors();
  SourceTurns::Doors turnDoors();
  SourceTurns& turns();
  void loop(const std::stop_token& stop);
  std::optional<JobTask> take(const std::stop_token& stop);
  void work(JobThread& self, int index, const std::stop_token& stop);
  void watch(const std::stop_token& stop);
  void startThreads();
  void stopJobs(const std::vector<JobPlace>& jobs);
  void interruptAll(StopReason reason);

  const Host& host_;
  LiveQueue& queue_;
  std::atomic<int> workers_;
  std::atomic<int> slots_;
  std::atomic<int> busy_{0};
  std::atomic<bool> forget_{false};
  std::atomic<bool> draining_{false};
  Prefetch prefetch_;
  Guarded<Held> held_;
  Guarded<BuildMessage> mail_;
  Guarded<std::deque<JobTask>> tasks_;
  std::unique_ptr<Connection> claimConnection_;
  std::unique_ptr<Connection> watchConnection_;
  AloneTurns alone_;
  SourceTurns turns_;                               ///< by turns(), in the claimer's thread
  std::shared_ptr<const QueueGeneration> weighed_;  ///< whose weights they have
  RemoteEngines engines_;
  BuildLoop loop_;
  Guarded<std::vector<std::unique_ptr<JobThread>>> jobThreads_;
  std::unique_ptr<Claimer> claimer_;
  std::jthread claimThread_, watchThread_, loopThread_;
};

}  // namespace planwright
