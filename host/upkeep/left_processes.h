#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace planwright {

/// Programs that run for one data folder on this machine, as the marks of its keeper show them, and
/// whether their attempts are closed: the host reads the output of a run until its attempt is over.
/// [any thread]
class LeftProcesses {
 public:
  struct Place {
    std::string dataId;              ///< of the data folder; empty: nothing is looked at
    std::filesystem::path lockFile;  ///< of the data folder, what the keeper's marks are made of
    bool isHostRunning = true;       ///< on the data folder
  };
  struct Process {
    pid_t pid = 0;
    bool isClosed = false;  ///< nobody takes its output any more
    bool isStage = false;   ///< it serves a source, planner or builder, idle or not
    std::string name;       ///< as in /proc/PID/comm
  };

  /// Processes that ended meanwhile are left out.
  static std::vector<Process> find(const Place& place);
};

}  // namespace planwright
