#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "building/build_parts.h"
#include "building/open_build.h"
#include "workers/outbox.h"
#include "workers/prefetch.h"

namespace planwright {

/// What happens to builds from outside the loop.
struct BuildMessage {
  std::vector<ClaimedPlan> claimed;
  std::vector<JobResult> ended;
  std::vector<PlanId> cancelled;
  std::vector<JobPlace> cancelledJobs;
};

/// Owns every open build of a queue and makes all their moves: messages come in, one round works
/// out what follows, commits it in one transaction and only then lets jobs start. One thread; the
/// doors are callbacks.
class BuildLoop {
 public:
  struct Doors {
    std::function<int()> jobSlots;                        ///< wanted now
    std::function<void(std::vector<JobTask>)> startJobs;  ///< committed as running: run them
    std::function<void(const std::vector<JobPlace>&)> stopJobs;  ///< that somebody cancelled
    /// `work`: how long their jobs ran, all together.
    std::function<void(const std::vector<PlanId>&, std::chrono::microseconds work)>
        released;  ///< no longer ours: room for others
  };
  BuildLoop(const BuildParts& parts, Doors doors);

  /// One round: everything in `messages` and what it leads to. Waits for Postgres as long as no
  /// stop is asked for.
  void step(BuildMessage messages, const std::stop_token& stop);
  /// How long until something is due by itself (a job's retry).
  std::chrono::milliseconds untilDue() const;
  /// Stopping: no job starts any more, builds whose jobs have all come back are given back.
  void drain() { draining_ = true; }
  /// The claims are gone: forget everything. `neverStarted`: jobs handed out that no thread took.
  void forget(std::size_t neverStarted);
  bool isIdle() const { return builds_.empty(); }
  std::size_t runningJobs() const { return running_; }

 private:
  struct Start {
    BuildId build{};
    int position = 0;
  };
  /// What one round writes.
  struct Round {
    std::vector<StagedBlob> blobs;
    std::vector<JobChange> changes;
    std::vector<BuildId> inserted;
    std::vector<NewJob> newJobs;
    std::vector<Start> starts;
    std::vector<FinishedBuild> finished;
    std::string holdReason;
  };

  void open(ClaimedPlan plan, Round& round);
  Result<std::shared_ptr<const PlanDocument>> documentOf(const ClaimedPlan& plan);
  void reuse(OpenBuild& build, Round& round);
  void restoreOrFail(const std::vector<ClaimedPlan>& plans, Round& round,
                     const std::stop_token& stop);
  void restore(const std::vector<ClaimedPlan>& plans, Round& round);
  void end(JobResult result, Round& round);
  void cancel(PlanId plan, Round& round);
  void cancel(const JobPlace& place, Round& round);
  void moved(OpenBuild& build, const std::vector<int>& changed, Round& round);
  void chooseStarts(Round& round);
  void closeFinished(Round& round);

  void commit(Round& round, const std::stop_token& stop);
  void write(const Round& round, std::vector<JobTask>& tasks);
  void takeIds(const std::vector<InsertedJob>& inserted, std::vector<JobTask>& tasks);
  void makeTask(OpenBuild& build, int position, AttemptId attempt, int number,
                std::vector<JobTask>& tasks);
  JobChange change(const OpenBuild& build, int position) const;

  BuildParts parts_;
  Doors doors_;
  std::unique_ptr<Connection> connection_;
  std::unordered_map<std::int64_t, std::unique_ptr<OpenBuild>> builds_;
  std::deque<Start> ready_;
  std::multimap<SteadyTime, Start> later_;
  std::vector<BuildId> touched_;  ///< builds that may be over after this round
  std::vector<JobResult> self_;   ///< results this round makes itself, for the next
  Prefetch prefetch_;
  std::size_t running_ = 0;
  bool draining_ = false;
  bool isRepeated_ = false;  ///< this write, since the last one failed and may be committed
};

}  // namespace planwright
