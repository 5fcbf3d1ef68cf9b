#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "building/build_stage.h"
#include "intake/intake.h"
#include "intake/postgres_recorder.h"
#include "planning/plan_stage.h"
#include "store/queue_rows.h"
#include "workers/host.h"
#include "workers/live_queue.h"

namespace planwright {

/// The running side of one queue on this host: intake, plan stage and build stage, as far as the
/// host has these roles, kept as the configuration and the stored settings want them. Changes by
/// one thread at a time; the rest [any thread].
class QueueRunner {
 public:
  /// Its sources are held in `session`.
  QueueRunner(const Host& host, const QueueConfig& queue, std::shared_ptr<const Plugins> plugins,
              const QueueRow& settings, std::shared_ptr<SourceSession> session);
  ~QueueRunner();
  QueueRunner(const QueueRunner&) = delete;
  QueueRunner& operator=(const QueueRunner&) = delete;

  /// Applies changed settings. Pool sizes and the watched folder take effect at once.
  void apply(const QueueRow& settings);
  /// New work uses these from now on, and work that is under way keeps what it began with. Sources
  /// that changed are restarted.
  void replace(const QueueConfig& queue);
  /// LiveQueue::offer(), and sources start anew once it is in force. [any thread]
  std::int64_t offer(LiveQueue::Trial trial);
  bool withdraw(const std::string& why) { return queue_.withdraw(why); }
  /// Sources that could not be started are tried again.
  void retrySources();
  /// The queue was removed: its sources end, and nothing new begins.
  void close();
  /// Running work is told to stop, and goes back to the queue as if it had never begun.
  void stopWork();
  /// Whether the queue is closed and all work that had begun has ended.
  bool isOver();
  void abandon();
  /// Called while the host leaves. True: there is no work of this queue left to wait for.
  bool drain();

  const std::string& name() const { return queue_.name; }
  std::shared_ptr<const QueueGeneration> generation() const { return queue_.now(); }
  std::vector<std::int64_t> heldInputs() {
    return planning_ ? planning_->held() : std::vector<std::int64_t>{};
  }
  std::vector<std::int64_t> heldPlans() {
    return building_ ? building_->held() : std::vector<std::int64_t>{};
  }
  std::vector<ArrivingFile> arriving(std::size_t limit);
  /// How long its files must be unchanged.
  std::chrono::nanoseconds quietPeriod() const {
    const auto now = queue_.now();
    const auto& sources = now->config.sources;
    return sources.empty() ? std::chrono::milliseconds(0) : sources.front().stableFor;
  }
  /// The problems of the sources that record nothing at the moment; empty if there are none.
  std::vector<std::string> sourceProblems();

 private:
  struct RunningSource;
  void startSources();
  std::shared_ptr<RunningSource> startSource(const QueueGeneration& now, std::size_t index,
                                             const std::string& settings);

  const Host& host_;
  const std::shared_ptr<SourceSession> sourceSession_;
  LiveQueue queue_;
  std::string watchDir_;
  std::int64_t nudge_ = 0;  ///< the newest that its sources have heard of
  int jobSlots_ = 0;
  bool isClosed_ = false;
  std::atomic<bool> areSourcesDue_{false};  ///< Postgres was away when they were to start
  Guarded<std::vector<std::shared_ptr<RunningSource>>> sources_;
  Guarded<std::vector<std::string>> problems_;
  std::unique_ptr<BuildStage> building_;
  std::unique_ptr<PlanStage> planning_;  ///< stops first: its last results may go on to building_
};

/// What the row of a queue starts with.
QueueRow startSettings(const Config& config, const QueueConfig& queue);

/// The folder that the first folder source of the queue watches by configuration, absolute; "" if
/// it has none.
std::string configuredWatchDir(const Config& config, const QueueConfig& queue);

}  // namespace planwright
