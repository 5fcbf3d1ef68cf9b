#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace planwright {

/// Programs that run for one data folder on this machine, as the marks of its keeper show them, and
/// the attempt that each belongs to: of all processes of a run one mostly has the log of the
/// attempt as its output. [any thread]
class LeftProcesses {
 public:
  struct Place {
    std::string dataId;              ///< of the data folder; empty: nothing is looked at
    std::filesystem::path lockFile;  ///< of the data folder, what the keeper's marks are made of
    std::filesystem::path logs;      ///< one file per attempt
  };
  struct Process {
    pid_t pid = 0;
    std::int64_t attempt = 0;  ///< 0: unknown, or a planner's
    std::string name;          ///< as in /proc/PID/comm
  };

  /// Processes that ended meanwhile are left out.
  static std::vector<Process> find(const Place& place);
};

}  // namespace planwright
