#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "embedded/service_account.h"

namespace planwright {

/// One child of ours that lives no longer than we do, even if we are killed. It has its own process
/// group (^C in the terminal is for the host alone), an environment of three variables, no
/// descriptor but its log, and gets `deathSignal` when the thread that started it ends: so start it
/// from a thread that stays.
class ServerProcess {
 public:
  struct Command {
    std::vector<std::string> argv;         ///< argv[0] is an absolute path
    std::vector<std::string> environment;  ///< more, as NAME=VALUE
    ServiceAccount account;
    int deathSignal = 9;
    std::filesystem::path logFile;  ///< stdout and stderr are appended to it
  };

  ServerProcess() = default;
  /// Throws std::system_error if no process can be made; a program that cannot be run exits with
  /// 127.
  explicit ServerProcess(const Command& command);
  ServerProcess(ServerProcess&&) = default;
  ServerProcess& operator=(ServerProcess&&) = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() = default;  ///< does not end the process: stop it first

  bool isRunning() { return pid_ > 0 && !waitFor(std::chrono::milliseconds(0)); }
  int pidFd() const { return pidFd_.get(); }  ///< readable once it has ended; -1 if there is none
  pid_t pid() const { return pid_; }

  /// True once it has ended and is reaped.
  bool waitFor(std::chrono::milliseconds time);
  void signal(int number) const;
  /// "exited with 1" or "was ended by signal 9"; of the ended process.
  std::string howItEnded() const;

 private:
  pid_t pid_ = -1;
  UniqueFd pidFd_;
  int status_ = 0;
};

/// Ends the processes named `processName` (as in /proc/PID/comm) whose current folder is `folder`,
/// waiting until none is left: first `politeSignal`, later SIGQUIT, at last SIGKILL. Postgres and
/// Redis change to their data folder, so this finds what a killed host left behind: pid files
/// cannot tell (pids are used again, and a zombie keeps its pid "alive"), and Redis has no lock of
/// its own against a second server on the same file.
void endLeftovers(const std::filesystem::path& folder, const std::string& processName,
                  int politeSignal);

}  // namespace planwright
