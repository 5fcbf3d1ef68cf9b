#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "base/unique_fd.h"
#include "programs/keeper_protocol.h"
#include "programs/keeper_runs.h"

namespace planwright {

/// The program behind the hidden command `planwright keeper`: `fd` is the control socket of the
/// host (programs/keeper.h). Returns the exit code.
int keeperMain(int fd);

/// The keeper's side: one thread, one epoll loop, no state but what runs now (KeeperRuns). It hears
/// the host, starts what the host asks for and answers once nothing of it is left. When the host is
/// gone or silent for a lease it kills everything below it before it exits itself.
class KeeperProcess {
 public:
  explicit KeeperProcess(int control);
  int run();

 private:
  std::uint32_t greet();
  void readControl();
  void readChannel(int channel);
  void readChildSignals();
  void startRun(int channel, Packet packet);
  void dropChannel(int channel);
  void answer(int channel, const ExitMessage& exit);
  int waitMillis() const;
  bool isHostSilent() const;

  UniqueFd control_;
  UniqueFd epoll_;
  UniqueFd childSignals_;
  std::uint64_t openFiles_ = 0;
  std::optional<KeeperRuns> runs_;  ///< once the host has greeted
  std::chrono::milliseconds lease_{15'000};
  /// sinceBoot(): the host of a machine that slept has lost its claims, too.
  std::chrono::nanoseconds lastWord_{0};
  bool isHostGone_ = false;
  std::map<int, UniqueFd> channels_;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace planwright
