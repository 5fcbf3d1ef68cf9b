#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "queues/queues.h"
#include "stages/plugin_store.h"

namespace planwright {

/// Lets a running queue go over to another version of its plugins, and back. The new one is loaded
/// beside the old, tried by the next few items, and in force once these went well; what the store
/// then says is what a restart runs. Owned by Application. [any thread], one change at a time.
class PluginSwitch {
 public:
  struct Parts {
    const Host& host;
    PluginStore& store;
    Queues& queues;
    std::shared_ptr<const Plugins> base;  ///< of the plugin folders
  };
  explicit PluginSwitch(Parts parts) : parts_(std::move(parts)) {}

  /// To the versions that were installed last. NotFound: no such queue; Invalid: one of them cannot
  /// be loaded or refuses the queue's settings, and nothing changed. The JSON is {"queue",
  /// "generation", "state": "trial|in_force|unchanged", "trial_items", "plugins": [{"id", "from",
  /// "to"}]}.
  Result<std::string> reload(const std::string& queue, const std::string& actor);
  /// Back to the versions before, at once; ends a trial. Conflict: there is nothing to go back to.
  Result<std::string> rollback(const std::string& queue, const std::string& actor);

 private:
  struct Move;
  Result<void> check(const QueueConfig& queue, const Plugins& plugins,
                     const std::vector<Move>& moves) const;
  Result<std::string> go(QueueRunner& runner, const PluginChoices& wanted,
                         std::shared_ptr<const Plugins> plugins, const std::string& actor,
                         bool isTried);
  LiveQueue::Trial trialOf(const std::string& queue, const std::vector<Move>& moves,
                           const PluginChoices& wanted, const std::string& actor, bool compares);
  void remember(const std::string& queue, const PluginChoices& choices);
  std::string answer(const std::string& queue, std::int64_t generation, const std::string& state,
                     int items, const std::vector<Move>& moves) const;
  void noteComparison(const std::string& queue, const LiveQueue::Comparison& comparison) const;
  void note(const std::string& queue, const std::string& type, const std::string& level,
            const std::vector<Move>& moves, const std::string& why, const std::string& actor) const;
  void tell(const std::string& queue, const std::string& type, const std::string& level,
            const std::string& data) const;

  const Parts parts_;
  std::mutex one_;
};

}  // namespace planwright
