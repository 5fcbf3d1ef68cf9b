#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/change_plan.h"
#include "model/caller.h"
#include "queues/queue_runner.h"
#include "stages/plugin_store.h"

namespace planwright {

/// The queues that this host runs. A queue that is not wanted any more takes nothing new and stays
/// until what it had begun is over. Owned by Application. [any thread]
class Queues {
 public:
  /// `plugins`: of the plugin folders.
  Queues(const Host& host, std::shared_ptr<const Plugins> plugins, const PluginStore& store);
  /// Ends running work, which goes back to its queue.
  ~Queues() { clear(); }
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;
  void clear();

  /// In which the sources of all queues are held.
  static constexpr std::size_t kSourceSessions = 3;

  /// Makes the rows of all queues of `config` and runs them. Throws Unavailable.
  void start(const Config& config);
  /// Goes from what runs to `config`. `commit` runs in the transaction that changes the rows of the
  /// queues; when it or Postgres throws, everything is as it was.
  void change(const Config& config, const ChangePlan& plan,
              const std::function<void(Connection&)>& commit);

  /// The running one of that name, or null.
  std::shared_ptr<QueueRunner> find(const std::string& queue) const;
  /// What it runs with now, or would start with: what was chosen for it, else the newest of what is
  /// only installed. A version that cannot be loaded any more is logged, and left out.
  std::shared_ptr<const Plugins> pluginsOf(const std::string& queue) const;
  /// For the row of this instance: {"version", "names": [queues], "queues": {NAME: its builder}}.
  std::string toolsJson(const Config& config) const;
  /// Changed settings of the rows.
  void apply(const std::vector<QueueRow>& rows);
  /// Called now and then: removes closed queues that are over, and starts sources again that could
  /// not start.
  void tidy();
  /// The claims are lost.
  void abandon();
  /// Called while the host leaves. True: there is no work left to wait for.
  bool drain();

  std::vector<std::int64_t> heldInputs() const;
  std::vector<std::int64_t> heldPlans() const;
  std::string arrivingJson(const SomeQueues& seen = {}) const;
  /// Why sources record nothing now.
  std::vector<std::string> problems() const;

 private:
  using Runners = std::vector<std::shared_ptr<QueueRunner>>;
  struct Closed {
    std::shared_ptr<QueueRunner> runner;
    SteadyTime until;  ///< then its work is stopped
    bool isStopped = false;
  };
  std::shared_ptr<QueueRunner> newRunner(const QueueConfig& queue, const QueueRow& row) const;
  std::shared_ptr<const Plugins> chosenPlugins(const std::string& queue) const;
  /// Those of the configuration and those that are closed.
  Runners all() const;
  Runners added(const Config& config, const ChangePlan& plan, Connection& connection) const;

  const Host& host_;
  const std::shared_ptr<const Plugins> plugins_;
  const PluginStore& store_;
  std::vector<std::shared_ptr<SourceSession>> sourceSessions_;
  std::mutex changes_;  ///< one at a time; held longer than the other
  mutable Guarded<Runners> running_;
  mutable Guarded<std::vector<Closed>> closed_;
};

}  // namespace planwright
