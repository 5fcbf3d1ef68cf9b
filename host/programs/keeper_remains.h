#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "programs/keeper_groups.h"
#include "programs/keeper_tags.h"

namespace planwright {

/// By what the processes of a run are known.
struct RunTraces {
  std::uint32_t number = 0;    ///< in their tag, and in the names of their control groups
  pid_t leader = -1;           ///< the first of them; also their process group
  std::uint32_t user = 0;      ///< whom nobody else is; 0 = they have none of their own
  bool hasLimitGroup = false;  ///< a control group, to be removed
  bool isGroupGone = false;    ///< the process group: its number may be another's by now
  int looks = 0;               ///< for what is left
};

/// Ends what programs leave behind. A daemon may leave its process group and session, and, where no
/// filter of calls keeps it from that, take off its tag. It stays of its user and in its control
/// group, if it has such; else it is ended as an orphan without a tag, which comes to us. The
/// keeper's only thread.
class Remains {
 public:
  /// `isLeader`: whether a session is that of a run whose leader was not reaped yet.
  Remains(std::uint32_t family, ControlGroups& groups, std::function<bool(pid_t)> isLeader)
      : family_(family),
        groups_(groups),
        isLeader_(std::move(isLeader)) {}

  /// Of a run whose leader has ended. True once nothing is left.
  bool end(RunTraces& run);
  /// Of runs that are over, and those that nobody can tell whose they are. True if there were any.
  bool endStrays(const std::function<bool(std::uint32_t run)>& isRunning) const;

 private:
  bool isOf(const RunTraces& run, pid_t pid) const;
  std::vector<pid_t> mayBelongTo(const RunTraces& run) const;
  void chase(const RunTraces& run) const;

  const std::uint32_t family_;
  ControlGroups& groups_;
  const std::function<bool(pid_t)> isLeader_;
  const LastPid lastPid_;
};

}  // namespace planwright
