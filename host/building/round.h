#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "artifacts/blob_store.h"
#include "building/job_task.h"
#include "model/claims.h"
#include "model/ids.h"
#include "stages/stage.h"
#include "store/job_cache.h"
#include "store/jobs.h"

namespace planwright {

/// What one round of the build loop decided and has to write, all of it in one transaction.
struct Round {
  /// What came with the end of a job, besides changes of jobs.
  struct Brought {
    BuildId build{};
    std::vector<StagedBlob> blobs;
    std::string remoteToken;
    RemoteEnd remoteEnd = RemoteEnd::Stays;
  };
  std::vector<Brought> brought;
  std::vector<JobChange> changes;
  std::vector<BuildId> inserted;  ///< new builds, whose jobs have no rows yet
  std::vector<JobPlace> starts;
  std::vector<FinishedBuild> finished;
  std::vector<JobRedo> redone;
  std::vector<CacheEntry> results;        ///< for the cache
  std::map<std::string, double> learned;  ///< seconds of jobs, by name
  Hold hold;

  /// One statement writes all changes, so a second change of the same job in this round is merged
  /// into the first.
  void change(JobChange now) {
    const auto [at, isNew] = changeOf_.try_emplace(number(now.id), changes.size());
    if (number(now.id) == 0 || isNew) return changes.push_back(std::move(now));
    JobChange& before = changes[at->second];
    if (number(before.attempt) == 0) {
      before = std::move(now);
    } else {  // the attempt ended as it did
      before.status = now.status;
      before.error = std::move(now.error);
      before.retryIn = now.retryIn;
    }
  }

 private:
  std::unordered_map<std::int64_t, std::size_t> changeOf_;  ///< index by job
};

}  // namespace planwright
