#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "building/open_build.h"
#include "building/round.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// Writes each round in one transaction; after that, the jobs of the round may run. What Postgres
/// refuses for another reason than an outage is written build by build. Used by the build loop in
/// its thread.
class RoundWriter {
 public:
  RoundWriter(const Host& host, LiveQueue& queue, Connection& connection)
      : host_(host),
        queue_(queue),
        connection_(connection) {}

  struct Written {
    std::vector<JobTask> tasks;     ///< committed as running
    std::vector<JobResult> failed;  ///< started jobs that cannot run, for the next round
    /// Builds that Postgres refused, which are failed by that: nobody works on them any more.
    std::vector<FinishedBuild> unstored;
  };
  /// Waits for Postgres; nullopt if a stop was asked for meanwhile. A start that is in neither list
  /// was refused, because the claim was lost.
  std::optional<Written> write(const Round& round, OpenBuilds& builds, const std::stop_token& stop);

 private:
  struct Starts;
  Starts sortStarts(const Round& round) const;
  /// Of builds with changes that go on after them.
  std::vector<BuildProgress> progressOf(const Round& round) const;
  void writeOnce(const Round& round, Written& written);
  void stageManifests(const Round& round);
  void count(std::size_t finished, std::size_t refused);
  Written writeSingly(const Round& round, std::vector<FinishedBuild>& unstored);
  void hold(const Hold& hold);
  Round partOf(const Round& round, BuildId id) const;
  FinishedBuild fail(const Round& round, BuildId id, const std::string& why);
  void takeIds(const std::vector<InsertedJob>& inserted, Written& written);
  void makeTask(const JobPlace& place, AttemptId attempt, int number, Written& written);
  OpenBuild& build(BuildId id) const { return *builds_->at(number(id)); }

  const Host& host_;
  LiveQueue& queue_;
  Connection& connection_;
  OpenBuilds* builds_ = nullptr;  ///< of the round that is being written
  bool isRepeated_ = false;       ///< the last try failed and may be committed
};

}  // namespace planwright
