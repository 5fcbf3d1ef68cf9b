#pragma once

#include <vector>

#include "building/build_store.h"
#include "building/job_pool.h"
#include "building/open_build.h"

namespace planwright {

/// Jobs that became ready, before they wait for a slot in the JobPool: the cache is asked for their
/// results first. Part of the build loop and its thread.
class JobLine {
 public:
  JobLine(BuildStore& store, OpenBuilds& builds, JobPool& pool)
      : store_(store),
        builds_(builds),
        pool_(pool) {}

  /// A build that is new here. Nothing is known yet of how long its jobs take.
  void opened(BuildId build) { opened_.push_back(build); }
  void add(const JobPlace& place) { places_.push_back(place); }
  /// Jobs that waited while another one did the same, which has ended: the cache may know more.
  void addFreed();
  /// The bytes of its cached results have been hashed: the cache is asked once more.
  void wasRead(const JobPlace& place);

  /// Learns how long the jobs of new builds took before, which orders them in the pool.
  void readDurations();
  bool isEmpty() const { return places_.empty(); }
  /// Moves all jobs into the pool but those that the cache has an answer for. These are held: an
  /// end is the result of its job; what is unread is to be hashed, and then comes to wasRead().
  CachedAnswers moveOn();
  void forgetAll();

 private:
  BuildStore& store_;
  OpenBuilds& builds_;
  JobPool& pool_;
  std::vector<BuildId> opened_;
  std::vector<JobPlace> places_;
  std::vector<JobPlace> wereRead_;  ///< of these
};

}  // namespace planwright
