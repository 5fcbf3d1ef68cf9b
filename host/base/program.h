#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace planwright {

/// 0 = no limit.
struct ProgramLimits {
  std::uint64_t memoryBytes = 0;    ///< RLIMIT_AS
  std::uint64_t cpuSeconds = 0;     ///< RLIMIT_CPU
  std::uint64_t fileSizeBytes = 0;  ///< RLIMIT_FSIZE
  std::uint64_t openFiles = 0;      ///< RLIMIT_NOFILE
  std::uint64_t processes = 0;      ///< of the whole run: a control group, else RLIMIT_NPROC
};

/// A program to run in a process group of its own.
struct ProgramSpec {
  std::vector<std::string>
      argv;  ///< argv[0] is looked up in the spec's own PATH unless it has a slash
  std::vector<std::string> env;  ///< "NAME=value"; nothing is inherited
  std::string cwd;
  int stdinFd = -1;   ///< -1 = /dev/null; descriptors stay the caller's
  int stdoutFd = -1;  ///< -1 = /dev/null
  int stderrFd = -1;
  ProgramLimits limits;
  std::chrono::milliseconds timeout{0};   ///< 0 = none
  std::chrono::milliseconds grace{2000};  ///< between SIGTERM and SIGKILL of the group
};

struct ProgramExit {
  int code = -1;          ///< exit status; -1 if it did not exit by itself or never started
  int signal = 0;         ///< the signal that ended it, or 0
  bool timedOut = false;  ///< our timeout ended it
  bool stopped = false;   ///< the stop token ended it
  bool lost = false;      ///< not its own doing (startError says what broke): infra, run it again
  std::string startError = {};  ///< why it could not be started ("cannot run 'foo': No such file or
                                ///< directory"), or empty
  std::chrono::microseconds ran{0};
  std::int64_t peakMemoryBytes = 0;
  bool succeeded() const { return startError.empty() && code == 0 && signal == 0; }
};

/// Runs programs for jobs and stages. The real one is the Keeper (base/keeper.h), so that every
/// program dies with the host; tests may script one. [any thread]
class Programs {
 public:
  virtual ~Programs() = default;
  /// Blocks until the program and its whole process group are gone. On timeout or stop: SIGTERM,
  /// grace, SIGKILL.
  virtual ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) = 0;
};

}  // namespace planwright
