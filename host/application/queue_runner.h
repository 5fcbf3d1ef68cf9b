#pragma once

#include <memory>
#include <string>
#include <vector>

#include "application/host_parts.h"
#include "building/build_stage.h"
#include "intake/intake.h"
#include "planning/plan_stage.h"
#include "store/queue_rows.h"

namespace planwright {

/// The running side of one queue on this host: intake, plan stage and build stage, as far as the
/// host has these roles, kept as the stored settings want them. apply() by one thread; the rest
/// [any thread].
class QueueRunner {
 public:
  QueueRunner(const HostParts& parts, const QueueConfig& queue, const QueueRow& settings);
  ~QueueRunner();
  QueueRunner(const QueueRunner&) = delete;
  QueueRunner& operator=(const QueueRunner&) = delete;

  /// Pool sizes and the watched folder take effect at once.
  void apply(const QueueRow& settings);
  void abandon();
  /// Once the host is leaving. True: nothing of this queue is left to wait for.
  bool drain();

  const std::string& name() const { return queue_.name; }
  std::vector<std::int64_t> heldInputs() {
    return planning_ ? planning_->held() : std::vector<std::int64_t>{};
  }
  std::vector<std::int64_t> heldPlans() {
    return building_ ? building_->held() : std::vector<std::int64_t>{};
  }
  std::vector<ArrivingFile> arriving(std::size_t limit);
  /// How long its files must be unchanged.
  std::chrono::nanoseconds quietPeriod() const {
    return queue_.sources.empty() ? std::chrono::milliseconds(0) : queue_.sources.front().stableFor;
  }
  /// Why nothing is recorded at the moment, by source; empty = all is well.
  std::vector<std::string> sourceProblems();
  int busyPlanners() const { return planning_ ? planning_->busy() : 0; }
  int busyJobSlots() const { return building_ ? building_->busySlots() : 0; }

 private:
  struct RunningSource;
  void startSources(const std::string& watchDir);

  const HostParts parts_;
  const QueueConfig& queue_;
  std::string watchDir_;
  Guarded<std::vector<std::shared_ptr<RunningSource>>> sources_;
  Guarded<std::vector<std::string>> problems_;
  std::unique_ptr<BuildStage> building_;
  std::unique_ptr<PlanStage> planning_;  ///< stops first: its last results may go on to building_
};

/// The folder that the first folder source of the queue watches by configuration, absolute; "" if
/// it has none.
std::string configuredWatchDir(const Config& config, const QueueConfig& queue);

}  // namespace planwright
