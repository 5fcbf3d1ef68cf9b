#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sys/resource.h>

#include "base/unique_fd.h"
#include "programs/keeper_groups.h"
#include "programs/keeper_protocol.h"
#include "programs/keeper_spawn.h"
#include "programs/keeper_tags.h"

namespace planwright {

/// The program behind the hidden command `planwright keeper`: `fd` is the control socket of the
/// host (base/keeper.h). Returns the exit code.
int keeperMain(int fd);

/// The keeper's side: one thread, one epoll loop, no state but what runs now. It starts programs,
/// reaps them and all orphans (it is their subreaper), keeps time limits, and ends a run only when
/// nothing of it is left. When the host is gone or silent for a lease it kills everything below it
/// before it exits itself.
class KeeperProcess {
 public:
  explicit KeeperProcess(int control);
  int run();

 private:
  using Steady = std::chrono::steady_clock;

  /// A run from its start until nothing of it is left.
  struct Run {
    std::uint32_t number = 0;
    int channel = -1;   ///< -1: the host dropped it, nobody wants to know
    pid_t leader = -1;  ///< also the process group
    RunTag tag{0, 0};
    Steady::time_point startedAt;
    std::chrono::milliseconds grace{0};
    std::optional<Steady::time_point> stopAt;  ///< the time limit
    std::optional<Steady::time_point> killAt;  ///< when the grace is over
    bool hasExited = false;                    ///< the leader; its pid is not ours any more
    bool isGroupGone = false;
    bool hasLimitGroup = false;  ///< a control group, to be removed
    bool isWrapped = false;      ///< Confinement::isWrapped
    bool hasInit = false;        ///< the host itself learns of a signal
    ProgramLimits limits;
    ExitMessage exit;
  };

  void greet();
  void buryThePast();
  void readControl();
  void readChannel(int channel);
  void startRun(int channel, Packet packet);
  void stopRun(std::uint32_t number);
  void dropChannel(int channel);

  void askToEnd(Run& run);
  void reap();
  void noteExit(Run& run, int status, const ::rusage& usage);
  void noteGroups(Run& run) const;
  void noteLimit(Run& run) const;
  void settle();
  bool isGone(Run& run);
  std::vector<pid_t> mayBelongTo(const Run& run) const;
  std::vector<pid_t> pidsOf(const std::vector<pid_t>& candidates,
                            std::optional<std::uint32_t> run) const;
  void answer(const Run& run);
  void keepTime();
  void sweep();
  void killEverything();
  int waitMillis() const;
  bool isHostSilent() const;

  UniqueFd control_;
  UniqueFd epoll_;
  UniqueFd childSignals_;
  Spawner spawner_;
  LastPid lastPid_;
  std::optional<ControlGroups> groups_;  ///< once the family is known
  std::uint32_t family_ = 0;
  std::chrono::milliseconds lease_{15'000};
  std::chrono::nanoseconds lastWord_{
      0};  // CLOCK_BOOTTIME: a suspended machine's host has lost its claims too
  bool isHostGone_ = false;
  bool startedSinceSweep_ = false;
  Steady::time_point nextSweep_;
  std::map<int, UniqueFd> channels_;
  std::map<std::uint32_t, Run> runs_;                 // by number
  std::unordered_map<pid_t, std::uint32_t> leaders_;  // those not reaped yet
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace planwright
