#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "building/job_task.h"
#include "building/remote_engine.h"
#include "building/work_folder.h"
#include "logs/attempt_log.h"
#include "stages/reports.h"
#include "stages/running_call.h"
#include "store/jobs.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// Runs one attempt at a time: prepares the work folder and the inputs, calls the builder, stores
/// the outputs. Owns one instance of the queue's builder; it is of the generation that the build of
/// the last job began with. Used by one job thread; other threads may call the interrupting
/// functions.
class JobRunner {
 public:
  JobRunner(const Host& host, LiveQueue& queue, RemoteEngines& engines)
      : host_(host),
        queue_(queue),
        engines_(engines) {}

  JobResult run(const JobTask& task);
  /// Drops the instance of an older generation while there is nothing to run.
  void refresh() { adopt(queue_.now()); }

  void interrupt(StopReason reason) { running_.stop(reason); }
  void interrupt(const std::vector<JobPlace>& jobs, StopReason reason) {
    running_.stop(jobs, reason);
  }
  void checkLimits(SteadyTime now) { running_.checkLimits(now); }
  /// How far the call that runs now says it is; nothing if it said nothing new.
  std::optional<JobProgress> takeProgress();

 private:
  struct Telling {
    AttemptId attempt{};
    Reports* reports = nullptr;
  };

  void adopt(std::shared_ptr<const QueueGeneration> generation);
  Result<void> create();
  JobResult attempt(const JobTask& task);
  void noteFailure(const StageOutcome& outcome, const StageCall& call, const JobServices& services,
                   JobResult& result);
  bool fill(const JobTask& task, WorkFolder& folder, JobResult& result);
  bool collect(const JobTask& task, WorkFolder& folder, JobServices& services, JobResult& result);
  WorkFolder& emptyFolder(const std::string& attemptId);
  Result<void> addReported(const std::vector<StageOutcome::Output>& reported, JobResult& result);
  void addOutputs(const StageOutcome& outcome, const JobServices& services, JobResult& result);
  static Result<void> maskNames(const JobServices& services, JobResult& result);
  std::optional<std::int64_t> sizeOf(const Digest& digest, const JobResult& result);
  LogLimits logLimits() const;
  void keepRest(const LogEnd& end, JobResult& result) const;
  void describe(const Failure& failure, StopReason stopped, JobResult& result) const;

  const Host& host_;
  LiveQueue& queue_;
  RemoteEngines& engines_;
  std::shared_ptr<const QueueGeneration> generation_;
  std::unique_ptr<StageInstance> builder_;  ///< or, of a plugin that builds elsewhere:
  std::shared_ptr<RemoteEngine> engine_;
  std::unique_ptr<WorkFolder> folder_;
  RunningCall<JobPlace> running_;
  Guarded<Telling> telling_;
};

}  // namespace planwright
