#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/guarded.h"
#include "config/config.h"
#include "stages/registry.h"
#include "workers/stage_rooms.h"

namespace planwright {

/// One generation of a queue: the settings and the plugins that its items run with. Immutable; an
/// item keeps the generation it began with, so a change never meets work that is under way.
struct QueueGeneration {
  std::int64_t number = 1;  ///< counts up with every change, from the start of the host
  QueueConfig config;
  std::shared_ptr<const Plugins> plugins;
};

/// A queue as its stages see it: its name, and the generation that new items begin with. Another
/// version of a plugin is tried first: so many items run with a generation on trial, one at a time,
/// and it is in force once all of them went well. Owned by the queue's runner; one thread at a time
/// replaces and offers, the rest is [any thread].
class LiveQueue {
 public:
  LiveQueue(QueueConfig config, std::shared_ptr<const Plugins> plugins);

  const std::string name;

  /// The one in force.
  std::shared_ptr<const QueueGeneration> now() const { return state_.lock()->now; }
  /// A trial that is under way fails by this.
  void replace(QueueConfig config, std::shared_ptr<const Plugins> plugins);

  /// Of the plans that two versions made of one input.
  struct Comparison {
    std::int64_t input = 0;
    std::string filename;
    bool isSame = true;
    std::size_t added = 0, removed = 0, changed = 0;  ///< jobs
    std::string diffJson;
  };
  /// The stage whose items try a generation out.
  enum class Stage { Plan, Build };
  struct Trial {
    std::shared_ptr<const Plugins> plugins;
    Stage stage = Stage::Plan;
    int items = 0;  ///< that must go well; 0 = in force at once
    /// If set: each input that is planned on trial is also planned by the generation in force, and
    /// the differences are passed to this function. [one thread at a time]
    std::function<void(const Comparison&)> compared;
    /// Called once, when it is decided whether the new generation is in force, or why not. In the
    /// thread that decides.
    std::function<void(bool isInForce, const std::string& why)> decided;
  };
  /// Replaces a trial that is under way. Gives the number of the generation.
  std::int64_t offer(Trial terms);
  /// Ends a trial. False: there was none.
  bool withdraw(const std::string& why);

  /// The generation on trial, if the next item of this stage is to run with it. The caller must
  /// then call tried(). Usually null.
  std::shared_ptr<const QueueGeneration> tryOut(Stage stage);
  /// Null: nothing is to be compared.
  using Compared = decltype(Trial::compared);
  Compared comparison(const std::shared_ptr<const QueueGeneration>& generation) const;
  enum class TrialEnd { Passed, Failed, Undecided };
  /// `why`: of a failure.
  void tried(const std::shared_ptr<const QueueGeneration>& generation, TrialEnd end,
             const std::string& why = {});

 private:
  struct OnTrial {
    std::shared_ptr<const QueueGeneration> generation;
    Trial terms;
    bool isTaken = false;  ///< an item runs with it now
  };
  struct State {
    std::int64_t numbers = 1;  ///< given out so far
    std::shared_ptr<const QueueGeneration> now;
    std::unique_ptr<OnTrial> trial;
  };
  mutable Guarded<State> state_;
};

}  // namespace planwright
