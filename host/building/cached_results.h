#pragma once

#include <optional>
#include <vector>

#include "building/open_build.h"
#include "model/cache_key.h"
#include "store/job_cache.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// Asks the job cache for jobs that became ready, many at once, and makes entries of what ran.
/// Notes with each job why it was or was not found. Without Postgres nothing is found, which is
/// always right. Belongs to the build loop and its thread.
class CachedResults {
 public:
  CachedResults(const Host& host, LiveQueue& queue, Connection& connection)
      : host_(host),
        queue_(queue),
        cache_(connection, host.blobs) {}

  /// The ends of those that need not run.
  std::vector<JobResult> ask(OpenBuilds& builds, const std::vector<JobPlace>& places);
  /// What to keep of a job that ended so; nothing if it is not cacheable or says nothing of the
  /// next time.
  std::optional<CacheEntry> entry(const OpenBuild& build, const JobResult& result) const;
  /// Which of these bytes are gone.
  std::vector<std::string> lost(const std::vector<std::string>& digests) {
    return cache_.lost(digests);
  }

 private:
  struct Question {
    JobPlace place;
    CacheParts parts;
    std::string key;
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

/// The builder of a queue as results depend on it; nothing when it has no digest.
std::optional<BuilderIdentity> identityOf(const Plugins& plugins, const BuilderConfig& builder);

/// What the result of a job depends on, once its needs have succeeded; nothing if it is not
/// cacheable or an input is missing.
std::optional<CacheParts> partsOf(const OpenBuild& build, int position,
                                  const BuilderIdentity& builder);

}  // namespace planwright
