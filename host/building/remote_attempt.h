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

/// One attempt of a job that another engine runs. If an earlier attempt handed the job over and did
/// not see its end, this one continues with the same job at the engine. One thread.
class RemoteAttempt {
 public:
  RemoteAttempt(const Host& host, LiveQueue& queue, RemoteEngine& engine, const JobTask& task)
      : host_(host),
        queue_(queue),
        engine_(engine),
        task_(task) {}

  /// Finds or makes the row of the job. Returns the reason if the attempt cannot go on. Throws
  /// Unavailable.
  std::optional<Failure> begin();
  /// From now on the work folder has the inputs.
  void filled();
  const RemoteJob& job() const { return job_; }

  /// Hands the job over, unless the engine has it already, and waits for its end. If the job is
  /// cancelled or out of time, it is withdrawn. If only the host stops, the job goes on at the
  /// engine. Throws Unavailable.
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
