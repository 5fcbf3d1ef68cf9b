#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "building/open_build.h"
#include "building/same_jobs.h"
#include "config/config.h"
#include "model/ready_jobs.h"
#include "workers/prefetch.h"

namespace planwright {

/// The job slots of a queue: the jobs that wait for one, those that run, and which starts next.
/// Part of the build loop and its thread.
class JobPool {
 public:
  /// How sources take turns, and how much the jobs may use at the same time.
  void refresh(const QueueConfig& config);
  /// The job is ready: it waits for a slot.
  void add(const OpenBuild& build, int position);
  /// It waits for that time first.
  void addAt(SteadyTime time, const JobPlace& place) { later_.emplace(time, place); }
  /// Jobs of addAt() whose time has come. They are not in the pool any more.
  std::vector<JobPlace> takeDue(SteadyTime now);
  std::optional<SteadyTime> nextDue() const;
  /// Chooses the jobs that start now, for `slots` slots; they run from now on, in their graphs as
  /// well. Quick jobs are handed out in advance.
  std::vector<JobPlace> start(OpenBuilds& builds, int slots);
  /// Of those that the last start() chose: it goes ahead of what was handed out before.
  bool isUrgent(const JobPlace& place) const;
  /// It runs no more, however it ended.
  void ended(const JobPlace& place) {
    ready_.ended(place.build, place.position);
    same_.ended(place);
  }
  /// Jobs that waited while another one did the same, which has ended: the cache may have its
  /// result once that is committed. They are not in the pool any more.
  std::vector<JobPlace> takeFreed() { return same_.takeFreed(); }
  bool hasFreed() const { return same_.hasFreed(); }
  /// A job took that long.
  void took(std::chrono::microseconds time) { prefetch_.finished(time); }
  /// What runs still comes back.
  void forgetWaiting();
  std::size_t running() const { return ready_.running(); }

 private:
  ReadyJobs ready_;
  SameJobs same_;
  JobCapacity capacity_;
  std::multimap<SteadyTime, JobPlace> later_;
  std::vector<JobPlace> urgent_;
  Prefetch prefetch_{std::chrono::milliseconds(10)};
};

}  // namespace planwright
