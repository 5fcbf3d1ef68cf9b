#pragma once

#include <string_view>
#include <vector>

namespace planwright {

enum class JobStatus {
  Blocked,
  Ready,
  Running,
  Succeeded,
  Cached,
  Failed,
  TimedOut,
  DepFailed,
  Cancelled
};

std::string_view toText(JobStatus status);
JobStatus jobStatusFrom(std::string_view text);  ///< unknown words are Blocked
bool isFinal(JobStatus status);
bool isGood(JobStatus status);  ///< succeeded or cached

/// The states of one build's jobs and how an end of one moves the others. Jobs are positions in the
/// plan. Pure: one thread, no time, no store.
class JobGraph {
 public:
  explicit JobGraph(const std::vector<std::vector<int>>& needs);

  int size() const { return static_cast<int>(status_.size()); }
  JobStatus status(int job) const { return status_[static_cast<std::size_t>(job)]; }

  /// What a build that goes on already knows; call `settle` after the last.
  void restore(int job, JobStatus status) { status_[static_cast<std::size_t>(job)] = status; }
  /// Makes blocked jobs ready or dep_failed where their needs allow; gives the jobs that changed.
  std::vector<int> settle();

  void start(int job) { status_[static_cast<std::size_t>(job)] = JobStatus::Running; }
  void again(int job) { status_[static_cast<std::size_t>(job)] = JobStatus::Ready; }
  /// `job` had succeeded and is to run again: it is ready, and what needs it waits for it once
  /// more. Gives the others that changed, which are blocked now.
  std::vector<int> redo(int job);
  /// `job` cannot run yet: a need of it is to run again.
  void block(int job) { status_[static_cast<std::size_t>(job)] = JobStatus::Blocked; }
  /// `job` ended as `end` (a final status). Gives the other jobs that changed: ready ones and
  /// dep_failed ones.
  std::vector<int> finish(int job, JobStatus end);
  /// Everything that has not ended and does not run becomes cancelled; gives those.
  std::vector<int> cancelWaiting();

  bool isOver() const { return open_ == 0; }
  int good() const;
  int bad() const { return size() - good() - open_; }

 private:
  void unblock(int job, std::vector<int>& changed);
  void failDependents(int job, std::vector<int>& changed);

  std::vector<std::vector<int>> dependents_;
  std::vector<int> waitingFor_;  ///< needs that have not succeeded
  std::vector<JobStatus> status_;
  int open_ = 0;  ///< jobs without a final status
};

}  // namespace planwright
