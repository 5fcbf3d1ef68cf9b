#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "building/job_services.h"
#include "building/job_task.h"
#include "building/remote_engine.h"
#include "store/remote_jobs.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// One attempt of a job that another engine runs. What an attempt before handed over and did not
/// see the end of is gone on with. One thread.
class RemoteAttempt {
 public:
  RemoteAttempt(const Host& host, LiveQueue& queue, RemoteEngine& engine, const JobTask& task)
      : host_(host),
        queue_(queue),
        engine_(engine),
        task_(task) {}

  /// Finds or makes the row of the job. Why the attempt cannot go on, if it cannot. Throws
  /// Unavailable.
  std::optional<Failure> begin();
  /// From now on the work folder has the inputs.
  void filled();
  const RemoteJob& job() const { return job_; }

  /// Hands the job over, unless it is there already, and waits for its end. Stopped for good, it is
  /// withdrawn; stopped with the host, it goes on at the engine. Throws Unavailable.
  StageOutcome run(const StageJob& job, StageCall& call, JobServices& services);
  int exitCode() const { return exitCode_; }  ///< of the job's program there; -1 = none
  /// What the end of the attempt makes of the row.
  RemoteEnd end() const { return end_; }

 private:
  std::optional<Failure> forget();
  StageOutcome submit(const StageJob& job, StageCall& call, JobServices& services);
  StageOutcome outcome(RemoteEngine::End end, JobServices& services);
  StageOutcome stopped(StopReason reason);

  const Host& host_;
  LiveQueue& queue_;
  RemoteEngine& engine_;
  const JobTask& task_;
  RemoteJob job_;
  RemoteEnd end_ = RemoteEnd::Stays;
  int exitCode_ = -1;
};

}  // namespace planwright
