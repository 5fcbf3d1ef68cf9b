#pragma once

#include <optional>
#include <vector>

#include "building/open_build.h"
#include "model/cache_key.h"
#include "store/job_cache.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// A result of the cache with large files that nobody has read yet: whether it counts depends on
/// their bytes.
struct UnreadResult {
  JobPlace place;
  std::vector<Digest> digests;
};

/// What the cache says of some jobs.
struct CachedAnswers {
  std::vector<JobResult> ends;  ///< of those that need not run
  std::vector<UnreadResult> unread;
};

/// Looks up many ready jobs in the job cache at once, and makes cache entries of jobs that ran.
/// Each job gets a note that says why it was found or not. Without Postgres no job is found, which
/// only means that it runs. Used by the build loop in its thread.
class CachedResults {
 public:
  CachedResults(const Host& host, LiveQueue& queue, Connection& connection)
      : host_(host),
        queue_(queue),
        cache_(connection, host.blobs) {}

  CachedAnswers ask(OpenBuilds& builds, const std::vector<JobPlace>& places);
  /// The cache entry of a job that ended like this. Nothing if the job is not cacheable, or if this
  /// end does not predict the next one.
  std::optional<CacheEntry> entry(const OpenBuild& build, const JobResult& result) const;
  /// Which of these blobs do not exist any more.
  std::vector<std::string> lost(const std::vector<std::string>& digests) {
    return cache_.lost(digests);
  }

 private:
  struct Question {
    JobPlace place;
    CacheParts parts;
    std::string key;
    std::string failureKey;  ///< under which it has failed with the same time and room
  };
  const std::optional<BuilderIdentity>& builderOf(const OpenBuild& build);
  std::optional<Question> question(OpenBuild& build, const JobPlace& place);
  std::optional<JobResult> hit(const Question& question, const CacheAnswer& answer,
                               OpenBuild& build) const;
  void noteMisses(OpenBuilds& builds, const std::vector<Question>& misses);

  const Host& host_;
  LiveQueue& queue_;
  JobCache cache_;
  std::optional<BuilderIdentity> builder_;
  std::int64_t builderIsOf_ = 0;  ///< number of its generation
};

/// The end of a job that need not run.
JobResult cachedEnd(const JobPlace& place, const std::string& outputsJson, bool isSealed);

/// The part of a cache key that describes the builder of the queue. Nothing if the builder has no
/// digest.
std::optional<BuilderIdentity> identityOf(const Plugins& plugins, const BuilderConfig& builder);

/// What the result of a job depends on, once its needs have succeeded; nothing if it is not
/// cacheable or an input is missing.
std::optional<CacheParts> partsOf(const OpenBuild& build, int position,
                                  const BuilderIdentity& builder);

}  // namespace planwright
