#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "embedded/server_process.h"

namespace planwright {

/// What to run and how to treat it; made by postgres_server and redis_server.
struct ServerSpec {
  struct StopStep {
    int signal;
    std::chrono::milliseconds patience;
  };
  std::string name;              ///< "postgres", "redis": for log lines and messages
  std::string processName;       ///< as in /proc/PID/comm
  std::filesystem::path folder;  ///< its working folder, which leftovers are found by
  std::vector<std::filesystem::path>
      staleFiles;  ///< removed before a start, when no process is left
  ServerProcess::Command command;
  std::function<bool()> answers;  ///< serves requests now; must not block for long
  std::vector<StopStep> stopSteps;
};

/// One private server that is kept running. Everything is called by the supervisor thread of
/// EmbeddedServices, which outlives the server's process.
class SupervisedServer {
 public:
  explicit SupervisedServer(ServerSpec spec) : spec_(std::move(spec)) {}

  /// Ends leftovers of an earlier run, removes their files, starts the process. Does not wait for
  /// it to serve.
  void launch();
  /// Returns once it serves, however long its recovery takes. Throws if a stop comes first, or with
  /// the end of its log if it ends instead.
  void waitUntilAnswering(const std::stop_token& stop);
  /// Starts it again if it ended and its pause is over. Never throws: a failed start is tried again
  /// later.
  void keepRunning();
  void stop();

  const std::string& name() const { return spec_.name; }
  int pidFd() const { return process_.pidFd(); }
  pid_t pid() const { return process_.pid(); }

 private:
  using Steady = std::chrono::steady_clock;

  void noteDeath();

  const ServerSpec spec_;
  ServerProcess process_;
  bool isUp_ = false;
  Steady::time_point launchedAt_;
  Steady::time_point notBefore_;
  Backoff pause_{std::chrono::milliseconds(200), std::chrono::seconds(10)};
};

}  // namespace planwright
