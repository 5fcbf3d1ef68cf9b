#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/program.h"
#include "base/unique_fd.h"

namespace planwright {

/// Control groups that limit the memory and the processes of a run as a whole, tell which of the
/// two it ran into, and know its processes whatever those did to hide. Limits of single processes
/// (RLIMIT_AS, RLIMIT_NPROC) are what is left where no group can be made. Version 1, or version 2
/// where the controllers are delegated to us. The keeper's.
class ControlGroups {
 public:
  /// Removes what an earlier keeper of the family left. `mount` and `ownGroups` are parameters for
  /// tests.
  explicit ControlGroups(std::uint32_t family, std::filesystem::path mount = "/sys/fs/cgroup",
                         const std::filesystem::path& ownGroups = "/proc/self/cgroup");

  bool canLimitProcesses() const { return !processes_.base.empty(); }
  bool canLimitMemory() const { return !memory_.base.empty(); }
  int version() const { return version_; }  ///< 0 = none usable

  /// A run's groups: their cgroup.procs, where a process writes "0" to join. A limit whose
  /// descriptor is missing is not kept by a group.
  struct Joined {
    UniqueFd processes, memory;
  };
  /// `isMeasured`: a group for the memory even without a limit of it, so that its peak is known.
  Joined make(std::uint32_t run, const ProgramLimits& limits, bool isMeasured = false);
  /// What the run met, None if nothing.
  ProgramLimit brokenLimit(std::uint32_t run) const;
  /// The most memory that the run used at once, all its processes together; 0 = not known.
  std::int64_t peakMemoryBytes(std::uint32_t run) const;
  std::vector<pid_t> membersOf(std::uint32_t run) const;
  /// Kills what is in the groups of the run, and lets none of it fork. True once that is nothing.
  bool end(std::uint32_t run) const;
  /// Once nothing of the run lives; nothing happens if it has no group.
  void remove(std::uint32_t run) const;

 private:
  /// One hierarchy: the start of the names of our groups there; empty = none can be made.
  struct Hierarchy {
    std::string base;
    std::string limitFile, eventFile, eventName;
    std::string peakFile = {};
  };
  bool prepare(Hierarchy& hierarchy, const std::string& own, const char* name) const;
  /// `most`: 0 = no limit.
  UniqueFd makeIn(const Hierarchy& hierarchy, std::uint32_t run, std::uint64_t most) const;
  static std::string folderOf(const Hierarchy& hierarchy, std::uint32_t run);

  const std::filesystem::path mount_;
  int version_ = 0;
  Hierarchy processes_, memory_;
};

}  // namespace planwright
