#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace planwright {

/// Control groups that limit how many processes a run may have at once. RLIMIT_NPROC counts all
/// processes of a user and means nothing to root, so it is only what is left where no group can be
/// made (version 1, or version 2 with the pids controller delegated to us). The keeper's.
class ProcessGroups {
 public:
  /// Removes what an earlier keeper of the family left.
  explicit ProcessGroups(std::uint32_t family);

  bool areUsable() const { return !base_.empty(); }
  /// Makes the group of a run. Gives its cgroup.procs, where a process writes "0" to join; none if
  /// there can be no group.
  UniqueFd make(std::uint32_t run, std::uint64_t most);
  /// Once nothing of the run lives; nothing happens if it has no group.
  void remove(std::uint32_t run);

 private:
  std::string folderOf(std::uint32_t run) const;

  std::string base_;  ///< start of the names of our groups; empty = there can be none
};

}  // namespace planwright
