#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <sys/types.h>

#include "programs/keeper_protocol.h"
#include "programs/keeper_tags.h"

namespace planwright {

/// A program ready to be started by the keeper.
struct SpawnPlan {
  ProgramWords words;
  ProgramLimits limits;
  RunTag tag{0, 0};
  int stdinFd = -1, stdoutFd = -1, stderrFd = -1;  ///< -1 = /dev/null
  int programFd = -1;                              ///< ProgramSpec::programFd
  int processGroupFd = -1, memoryGroupFd = -1;     ///< cgroup.procs that limit these; -1 = none
  Confinement confinement;
};

/// What a Run message asks for. The plan points into `text`, or `longText` if that came in a file,
/// and to the descriptors of `packet`. Nothing if these do not fit the message.
std::optional<SpawnPlan> planOf(const RunMessage& message, const Packet& packet,
                                std::span<char> text, std::string& longText);

struct Spawned {
  pid_t pid = -1;
  std::string error;    ///< "cannot run 'foo': No such file or directory", or empty
  bool isLost = false;  ///< the machine could not, e.g. no process to be had: worth another try
};

/// Starts programs by vfork: the cost does not grow with our memory, and the answer is known when
/// it returns. Each is the leader of a session of its own, has default signals, umask 022, no
/// descriptor but the three, the limits, the tag and the confinement asked for, and is killed by
/// the kernel when the keeper ends. The keeper's only thread.
class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  /// The soft limit of open files for programs that ask for none.
  void setOpenFiles(std::uint64_t limit) { openFiles_ = limit; }

  Spawned start(const SpawnPlan& plan);

 private:
  struct Report;
  struct Prepared;
  [[noreturn, gnu::noinline]] static void becomeProgram(const Prepared& program);
  static bool enterNamespaces(const Prepared& program);
  static bool becomeUser(const Prepared& program);
  static bool confine(const Prepared& program);
  static bool keepDescriptors(const Prepared& program);
  pid_t forkAndExec(const Prepared& program);

  Report* report_;  // a shared page: where the child says what failed
  UniqueFd null_;
  std::uint64_t openFiles_ = 0;
};

}  // namespace planwright
