#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/blob_store.h"
#include "base/reported.h"
#include "model/ids.h"
#include "model/job_graph.h"
#include "model/plan_document.h"
#include "workers/live_queue.h"

namespace planwright {

/// A file that a job left.
struct JobOutput {
  std::string name;  ///< relative path in its work folder
  std::string digest;
  std::int64_t sizeBytes = 0;
  unsigned mode = 0644;
  friend bool operator==(const JobOutput&, const JobOutput&) = default;
};

std::string toJson(const std::vector<JobOutput>& outputs);
std::vector<JobOutput> outputsFrom(const std::string& json);

/// One attempt that is to run. It holds everything that its thread needs, so the thread never reads
/// the build, which belongs to the loop.
struct JobTask {
  BuildId build{};
  PlanId plan{};
  std::int64_t fence = 0;
  int position = 0;
  JobId id{};
  AttemptId attemptId{};
  int attempt = 1;
  std::string planDigest;
  std::shared_ptr<const PlanDocument> document;       ///< jobs[position] is this one
  std::shared_ptr<const QueueGeneration> generation;  ///< that its build began with
  /// Where the inputs that come from other jobs are: one per such input, in the job's order.
  std::vector<JobOutput> inputs;
  std::string traceId;    ///< of its plan
  std::string needsJson;  ///< {"<job>":{"outputs":{"name":"sha256:…"}}}
  bool isUrgent = false;  ///< ahead of what waits for a thread: it is the turn of its source

  const PlannedJob& job() const { return document->jobs[static_cast<std::size_t>(position)]; }
};

/// What is done, after an attempt, with the job that was handed to another engine.
enum class RemoteEnd {
  Stays,      ///< it goes on there
  IsOver,     ///< the engine has nothing of it any more that matters
  IsUnwanted  ///< the engine is to be told that nobody wants it
};

/// How the attempt ended. `Ready` = to run again.
struct JobResult {
  BuildId build{};
  int position = 0;
  AttemptId attemptId{};
  JobStatus status = JobStatus::Succeeded;
  std::string failureClass;
  int exitCode = -1;  ///< of the program it ran; -1 = none
  std::int64_t peakMemoryBytes = 0;
  std::int64_t logBytes = -1;  ///< of its log, once that is finished
  std::string error;
  std::chrono::microseconds took{0};
  std::vector<JobOutput> outputs;
  std::vector<StagedBlob> blobs;  ///< whose rows are due with the result
  Hold hold;                      ///< the queue is to be held
  int lostFrom = -1;              ///< position of a job whose output, an input here, is gone
  bool isDeath = false;           ///< the process of the builder died with it
  bool isFromCache = false;       ///< nothing ran
  std::int64_t generation = 0;    ///< number of the one that it ran with; 0 = nothing ran
  bool isSealed = false;          ///< what ran could reach no network and no undeclared files
  std::string remoteToken;        ///< another engine had it, under this token; empty = none had
  RemoteEnd remoteEnd = RemoteEnd::Stays;
  std::vector<ReportedEvent> events;  ///< that the builder told
  bool stoppedByHost = false;         ///< draining: runs again, the attempt does not count

  /// What a retry is counted under.
  std::string counter() const { return isDeath ? "death" : failureClass; }
};

}  // namespace planwright
