#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "planning/plan_step.h"
#include "workers/host.h"
#include "workers/live_queue.h"
#include "workers/next_stage.h"
#include "workers/outbox.h"
#include "workers/prefetch.h"

namespace planwright {

/// Commits the results of planning in groups: everything that finished during the last commit is
/// committed together. Then it pushes the tickets for the build stage in one pipeline. While
/// Postgres is away, it keeps the results. One thread.
class PlanCommitter {
 public:
  PlanCommitter(const Host& host, LiveQueue& queue, NextStage<ClaimedPlan>* building);

  /// Commits these results. Waits for Postgres until it answers or a stop is asked for. False: not
  /// committed.
  bool commit(const std::vector<PlanResult>& results, const std::stop_token& stop);

 private:
  void commitTogether(const std::vector<PlanResult>& results);
  void commitSingly(const std::vector<PlanResult>& results);
  std::size_t commitPlanned(const std::vector<PlannedInput>& planned);
  std::size_t commitUnplanned(const std::vector<UnplannedInput>& unplanned);
  void pushTickets(const std::vector<std::int64_t>& plans);
  void count(const char* outcome, std::size_t items);

  const Host& host_;
  LiveQueue& queue_;
  NextStage<ClaimedPlan>* const building_;  ///< of this host, if it builds
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Tickets> tickets_;
};

}  // namespace planwright
