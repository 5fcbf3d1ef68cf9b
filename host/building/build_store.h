#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "building/build_reader.h"
#include "building/cached_results.h"
#include "building/round_writer.h"

namespace planwright {

/// All that the build loop asks Postgres and the blob store for, and has written there; tests have
/// it in memory. What each does stands at the classes of PostgresBuilds. Belongs to the build loop
/// and its thread.
class BuildStore {
 public:
  using Written = RoundWriter::Written;
  virtual ~BuildStore() = default;

  virtual Result<std::shared_ptr<const PlanDocument>> document(const ClaimedPlan& plan) = 0;
  virtual std::unordered_map<std::int64_t, std::vector<KnownJob>> takeOver(
      const std::vector<ClaimedPlan>& plans) = 0;
  virtual std::vector<KnownJob> succeededBefore(const ClaimedPlan& plan) = 0;
  virtual std::map<std::string, double> durations(
      const std::vector<std::shared_ptr<const PlanDocument>>& documents) = 0;

  virtual std::optional<Written> write(const Round& round, OpenBuilds& builds,
                                       const std::stop_token& stop) = 0;

  virtual CachedAnswers cached(OpenBuilds& builds, const std::vector<JobPlace>& places) = 0;
  virtual std::optional<CacheEntry> cacheEntry(const OpenBuild& build, const JobResult& result) = 0;
  virtual std::vector<std::string> lost(const std::vector<std::string>& digests) = 0;
};

/// Over one connection.
class PostgresBuilds final : public BuildStore {
 public:
  PostgresBuilds(const Host& host, LiveQueue& queue)
      : connection_(host.database.shared()),
        reader_(host, queue, *connection_),
        writer_(host, queue, *connection_),
        cache_(host, queue, *connection_) {}

  Result<std::shared_ptr<const PlanDocument>> document(const ClaimedPlan& plan) override {
    return reader_.document(plan);
  }
  std::unordered_map<std::int64_t, std::vector<KnownJob>> takeOver(
      const std::vector<ClaimedPlan>& plans) override {
    return reader_.takeOver(plans);
  }
  std::vector<KnownJob> succeededBefore(const ClaimedPlan& plan) override {
    return reader_.succeededBefore(plan);
  }
  std::map<std::string, double> durations(
      const std::vector<std::shared_ptr<const PlanDocument>>& documents) override {
    return reader_.durations(documents);
  }
  std::optional<Written> write(const Round& round, OpenBuilds& builds,
                               const std::stop_token& stop) override {
    return writer_.write(round, builds, stop);
  }
  CachedAnswers cached(OpenBuilds& builds, const std::vector<JobPlace>& places) override {
    return cache_.ask(builds, places);
  }
  std::optional<CacheEntry> cacheEntry(const OpenBuild& build, const JobResult& result) override {
    return cache_.entry(build, result);
  }
  std::vector<std::string> lost(const std::vector<std::string>& digests) override {
    return cache_.lost(digests);
  }

 private:
  const std::unique_ptr<Connection> connection_;
  BuildReader reader_;
  RoundWriter writer_;
  CachedResults cache_;
};

}  // namespace planwright
