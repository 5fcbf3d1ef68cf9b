#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sys/resource.h>

#include "programs/keeper_groups.h"
#include "programs/keeper_protocol.h"
#include "programs/keeper_remains.h"
#include "programs/keeper_spawn.h"
#include "programs/keeper_tags.h"

namespace planwright {

/// What runs below the keeper: each run from its start until nothing of it is left. Keeps time
/// limits, reaps programs and all orphans, and ends what a program leaves behind. The keeper's only
/// thread.
class KeeperRuns {
 public:
  /// Nothing may live any more of an earlier keeper of the family (buryThePast). `openFiles`: the
  /// soft limit for programs that ask for none.
  KeeperRuns(std::uint32_t family, std::uint64_t openFiles);

  /// Starts a program for the caller behind `channel`. Without a plan the message was incomplete.
  /// Gives the answer if nothing was started.
  std::optional<ExitMessage> start(const RunMessage& message, int channel,
                                   std::optional<SpawnPlan> plan);
  void stop(std::uint32_t number);
  /// Whoever asked for the runs of this channel is gone, so they go at once.
  void drop(int channel);

  /// Some child has ended.
  void reap();
  /// Stops and kills what is over its time.
  void keepTime();
  struct Ended {
    int channel = -1;  ///< who wants to know; -1 = nobody
    ExitMessage exit;
  };
  /// The runs of which nothing is left, each once.
  std::vector<Ended> takeEnded();
  /// The safety net below takeEnded(), every few seconds. What a stray leaves is one at the next.
  void sweep();
  /// Kills all of the family, and every child of this process, and waits until nothing is left.
  void killEverything() const;
  /// How long until there is something to do although no child ends; nothing: there is not.
  std::optional<std::chrono::milliseconds> untilDue() const;

 private:
  using Steady = std::chrono::steady_clock;

  struct Run : RunTraces {
    int channel = -1;  ///< -1: the host dropped it, nobody wants to know
    Steady::time_point startedAt;
    std::chrono::milliseconds grace{0};
    std::optional<Steady::time_point> stopAt;  ///< the time limit
    std::optional<Steady::time_point> killAt;  ///< when the grace is over
    bool hasExited = false;                    ///< the leader; its pid is not ours any more
    bool isWrapped = false;                    ///< Confinement::isWrapped
    bool hasInit = false;                      ///< the host itself learns of a signal
    ProgramLimits limits;
    ExitMessage exit;
  };

  void askToEnd(Run& run) const;
  static void noteExit(Run& run, int status, const ::rusage& usage);
  void noteGroups(Run& run) const;
  static void noteLimit(Run& run);

  const std::uint32_t family_;
  ControlGroups groups_;
  Remains remains_;
  Spawner spawner_;
  bool startedSinceSweep_ = false;
  Steady::time_point nextSweep_;
  std::map<std::uint32_t, Run> runs_;                 // by number
  std::unordered_map<pid_t, std::uint32_t> leaders_;  // those not reaped yet
};

/// Ends what an earlier keeper of the same data folder left when it was killed itself; waits for
/// that, but not for ever.
void buryThePast(std::uint32_t family);
}  // namespace planwright
