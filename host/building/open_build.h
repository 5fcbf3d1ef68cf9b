#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "artifacts/build_manifest.h"
#include "building/job_task.h"
#include "model/claims.h"
#include "model/job_graph.h"
#include "model/ready_jobs.h"
#include "store/jobs.h"

namespace planwright {

/// One build that this host has claimed and not finished: the plan, the graph of jobs, the outputs
/// of each job. Used by the thread of the build loop.
class OpenBuild {
 public:
  OpenBuild(ClaimedPlan plan, std::shared_ptr<const PlanDocument> document,
            std::shared_ptr<const QueueGeneration> generation);

  const ClaimedPlan& plan() const { return plan_; }
  const std::shared_ptr<const PlanDocument>& document() const { return document_; }
  /// The generation that the build began with in this process. All of its jobs use it.
  const QueueGeneration& generation() const { return *generation_; }
  /// The generation that the build began with was on trial, and the trial failed.
  void changeGeneration(std::shared_ptr<const QueueGeneration> to) { generation_ = std::move(to); }
  std::shared_ptr<const QueueGeneration> trial;  ///< while its end decides on it
  JobGraph& graph() { return graph_; }
  const JobGraph& graph() const { return graph_; }
  const PlannedJob& job(int position) const {
    return document_->jobs[static_cast<std::size_t>(position)];
  }

  JobId id(int position) const { return jobs_[static_cast<std::size_t>(position)].id; }
  void setId(int position, JobId id) { jobs_[static_cast<std::size_t>(position)].id = id; }
  int attempt(int position) const { return jobs_[static_cast<std::size_t>(position)].attempt; }
  void setAttempt(int position, int attempt) {
    jobs_[static_cast<std::size_t>(position)].attempt = attempt;
  }
  void setOutputs(int position, std::vector<JobOutput> outputs) {
    jobs_[static_cast<std::size_t>(position)].outputs = std::move(outputs);
  }
  const std::vector<JobOutput>& outputs(int position) const {
    return jobs_[static_cast<std::size_t>(position)].outputs;
  }
  /// The next state of a job after an attempt: cancelled if somebody asked for that, ready again
  /// while the budget for this class of failure is not used up.
  JobStatus judge(JobResult& result);
  /// The job as an earlier process left it.
  void restore(const KnownJob& known);

  /// Durations from earlier builds, by job name, in seconds. They order the jobs by critical path.
  void expect(const std::map<std::string, double>& seconds);
  /// A ready job, as it is chosen by.
  ReadyJob ready(int position) const;
  /// The job took that long. Returns the new mean to store, or nothing if the duration was as
  /// expected.
  std::optional<double> learn(int position, std::chrono::microseconds took) const;

  /// What the cache had for a job, see cacheNote(); its key while a result is worth keeping.
  void setCache(int position, std::string key, std::string note) {
    jobs_[static_cast<std::size_t>(position)].cacheKey = std::move(key);
    jobs_[static_cast<std::size_t>(position)].cacheNote = std::move(note);
  }
  const std::string& cacheKey(int position) const {
    return jobs_[static_cast<std::size_t>(position)].cacheKey;
  }
  const std::string& cacheNote(int position) const {
    return jobs_[static_cast<std::size_t>(position)].cacheNote;
  }
  /// One entry for each input that another job makes, in the job's order. NotFound names an output
  /// that the other job did not make.
  Result<std::vector<JobOutput>> inputsFromJobs(int position) const;
  std::string needsJson(int position) const;  ///< what a builder is told of a job's needs
  /// The outputs of this job do not exist any more, so it must run again. False: that has happened
  /// too often.
  bool mayRedo(int position) { return ++jobs_[static_cast<std::size_t>(position)].redone <= kRedo; }

  /// Marks a job that must not be started, because its result is taken over from the build before.
  void hold(int position, bool held = true) {
    jobs_[static_cast<std::size_t>(position)].held = held;
  }
  bool isHeld(int position) const { return jobs_[static_cast<std::size_t>(position)].held; }

  /// Time its jobs have run so far, in this process.
  void addWork(std::chrono::microseconds time) { work_ += time; }
  std::chrono::microseconds work() const { return work_; }

  /// Somebody asked to cancel the whole build, or that job.
  void cancel() { cancelled_ = true; }
  void cancel(int position) { jobs_[static_cast<std::size_t>(position)].cancelled = true; }
  bool isCancelled(int position) const {
    return cancelled_ || jobs_[static_cast<std::size_t>(position)].cancelled;
  }

  /// The row of the job as it is in the graph now.
  JobChange change(int position) const;
  /// The same after an attempt, whose result is kept.
  JobChange ended(const JobResult& result);
  /// The rows of a new build's jobs. Those in `running` are inserted as started.
  std::vector<NewJob> newJobs(const std::vector<bool>& running) const;
  /// Everything a thread needs to run this job. NotFound as of inputsFromJobs.
  Result<JobTask> task(int position, AttemptId attempt, int number) const;
  std::vector<JobPlace> running() const;
  /// How it ended, with the manifest. Call when the graph is over.
  FinishedBuild finish() const;
  /// Unfinished: somebody else goes on with it.
  FinishedBuild giveBack() const;

 private:
  static constexpr double kUnknown = -1;
  static constexpr int kRedo = 3;  // runs for the sake of outputs that were lost
  struct Job {
    JobId id{};
    int attempt = 0;
    std::vector<JobOutput> outputs;
    std::string error;
    std::map<std::string, int> spent;  ///< failure class -> retries used up
    std::string cacheKey, cacheNote;
    int redone = 0;
    double seconds = kUnknown;  ///< it takes, as far as is known
    double path = 0;            ///< see ReadyJob
    bool held = false;
    bool cancelled = false;
  };
  FinishedBuild endNow() const;
  BuildManifest manifest() const;
  void describeFailure(FinishedBuild& end) const;

  ClaimedPlan plan_;
  std::shared_ptr<const PlanDocument> document_;
  std::shared_ptr<const QueueGeneration> generation_;
  JobGraph graph_;
  std::vector<Job> jobs_;
  bool cancelled_ = false;
  std::chrono::microseconds work_{0};
  double usual_ = 1;  ///< seconds of a job of which nothing is known
};

/// The end of a build that cannot be opened.
FinishedBuild unreadable(const ClaimedPlan& plan, const std::string& why);

/// By the number of the build.
using OpenBuilds = std::unordered_map<std::int64_t, std::unique_ptr<OpenBuild>>;

}  // namespace planwright
