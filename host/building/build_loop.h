#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "building/build_store.h"
#include "building/job_line.h"
#include "building/job_pool.h"
#include "building/open_build.h"
#include "building/round.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// What happens to builds from outside the loop.
struct BuildMessage {
  std::vector<ClaimedPlan> claimed;
  std::vector<JobResult> ended;
  std::vector<PlanId> cancelled;
  std::vector<JobPlace> cancelledJobs;
  std::vector<JobPlace> read;  ///< Doors::read is done with them
};

/// Owns every open build of a queue and makes all changes of their state. It works in rounds: a
/// round takes the messages that came in, decides what follows from them, commits that in one
/// transaction, and only then lets jobs start. One thread; other parts are reached by callbacks.
class BuildLoop {
 public:
  class Doors {
   public:
    virtual ~Doors() = default;
    virtual int jobSlots() = 0;                              ///< wanted now
    virtual void startJobs(std::vector<JobTask> tasks) = 0;  ///< committed as running: run them
    /// They wait for their bytes to be hashed, and then come back as BuildMessage::read.
    virtual void read(std::vector<UnreadResult> results) = 0;
    virtual void stopJobs(const std::vector<JobPlace>& jobs) = 0;  ///< that somebody cancelled
    /// No longer ours: room for others. `work`: how long their jobs ran, all together.
    virtual void released(const std::vector<PlanId>& plans, std::chrono::microseconds work) = 0;
  };
  BuildLoop(const Host& host, LiveQueue& queue, BuildStore& store, Doors& doors);

  /// One round: handles all `messages` and everything that follows from them. Waits for Postgres
  /// until it answers or a stop is asked for.
  void step(BuildMessage messages, const std::stop_token& stop);
  /// How long until there is something to do without a message (a job's retry).
  std::chrono::milliseconds untilDue() const;
  /// The host stops: no job starts any more. A build is given back once none of its jobs runs.
  void drain() { draining_ = true; }
  /// The claims are lost: forgets all builds. `neverStarted`: jobs that were handed out and that no
  /// thread has taken.
  void forget(const std::vector<JobPlace>& neverStarted);
  bool isIdle() const { return builds_.empty(); }
  std::size_t runningJobs() const { return pool_.running(); }

 private:
  void refresh();
  void endTrial(OpenBuild& build, bool isGood);
  bool failedTrial(OpenBuild& build, const JobResult& result);
  void open(ClaimedPlan plan, Round& round);
  void reuse(OpenBuild& build);
  void restoreOrFail(const std::vector<ClaimedPlan>& plans, Round& round,
                     const std::stop_token& stop);
  void restore(const std::vector<ClaimedPlan>& plans, Round& round);
  void restore(const ClaimedPlan& plan, const std::vector<KnownJob>& rows, Round& round);
  void end(JobResult result, Round& round);
  void retry(OpenBuild& build, const JobResult& result, JobChange& row);
  void cancel(PlanId plan, Round& round);
  void cancel(const JobPlace& place, Round& round);
  void moved(OpenBuild& build, const std::vector<int>& changed, Round& round);
  void redo(OpenBuild& build, const JobResult& result, Round& round);
  void lineUp(Round& round);
  void closeFinished(Round& round);
  void commit(const Round& round, const std::stop_token& stop);
  void release(const std::vector<FinishedBuild>& finished);

  const Host& host_;
  LiveQueue& queue_;
  Doors& doors_;
  BuildStore& store_;
  OpenBuilds builds_;
  JobPool pool_;
  JobLine line_;
  std::shared_ptr<const QueueGeneration> generation_;  ///< that new builds begin with
  std::vector<BuildId> touched_;                       ///< builds that may be over after this round
  std::vector<JobResult> self_;  ///< results this round makes itself, for the next
  bool draining_ = false;
};

}  // namespace planwright
