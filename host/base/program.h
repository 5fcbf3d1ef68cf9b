#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// Where a program finds the file that it was started from, if that was an open one.
constexpr int kProgramFd = 6;
inline constexpr const char* kProgramFile = "/proc/self/fd/6";

/// 0 = no limit.
struct ProgramLimits {
  std::uint64_t memoryBytes = 0;    ///< of the whole run: a control group, else RLIMIT_AS
  std::uint64_t cpuSeconds = 0;     ///< RLIMIT_CPU: of each process
  std::uint64_t fileSizeBytes = 0;  ///< RLIMIT_FSIZE: of each file
  std::uint64_t openFiles = 0;      ///< RLIMIT_NOFILE
  std::uint64_t processes = 0;      ///< of the whole run: a control group, else RLIMIT_NPROC
  std::uint64_t diskBytes = 0;      ///< in all its writable folders together; kept by the sandbox
};

/// The limit that a run broke.
enum class ProgramLimit : std::uint8_t { None, Memory, Cpu, FileSize, Processes, Disk };

/// What a program reaches by its sockets.
enum class Network : std::uint8_t {
  None,
  Outgoing,  ///< other machines, and none of this one's addresses
  Host       ///< what the host reaches, which is all that listens on this machine as well
};

inline std::string_view toText(Network network) {
  switch (network) {
    case Network::None:
      return "none";
    case Network::Outgoing:
      return "outgoing";
    case Network::Host:
      break;
  }
  return "host";
}

/// What a run asks of the sandbox (programs/sandbox.h). One that is none refuses Require and
/// ignores the rest.
struct SandboxWish {
  enum class Mode : std::uint8_t { None, Auto, Require };
  Mode mode = Mode::None;
  Network network = Network::Host;
  std::string user;  ///< run as this one; empty = the sandbox chooses
  /// A host that is root does not run it as root, not even with mode None.
  bool isNeverRoot = false;
  /// The user id to run as, which its stage has already; 0 = one of its own.
  std::uint32_t sharedUser = 0;
  /// Else the one who had the first of the writable folders last, if nobody has that id now: what
  /// is in it stays untouched, and so do the times of its files.
  bool keepsUser = false;
  std::vector<std::string> writable;  ///< absolute folders; all else is read-only or not there
  std::vector<std::string> readable;  ///< absolute paths to be seen besides the system
};

/// What a program that a stage starts may have at most. It may ask for less.
struct ProgramRoom {
  ProgramLimits limits = {};
  SandboxWish::Mode sandbox = SandboxWish::Mode::None;  ///< at least
  Network network = Network::Outgoing;                  ///< of those that want one
  std::vector<std::string> readable = {};  ///< absolute paths, besides what it asks for
  std::vector<std::string> writable = {};  ///< absolute folders, besides its own
};

/// What the keeper does to the process between fork and exec. Made by the sandbox.
struct Confinement {
  bool isConfined = false;  ///< no privileges, nor any to be had from set-user-id programs
  std::uint32_t user = 0, group = 0;  ///< to become; user 0 = stay as the keeper is
  int landlockFd = -1;                ///< ruleset to enter, or -1; descriptors stay the caller's
  int filterFd = -1;                  ///< a file of struct sock_filter[], a seccomp filter, or -1
  std::vector<int> namespaces = {};   ///< to enter, in this order
  /// argv[0] is bwrap: it finds the filter as descriptor 3 and enters it itself, says 128 + N when
  /// signal N ended the program, and would take all with it if it heard SIGTERM.
  bool isWrapped = false;
  /// Wrapped, too, by planwright-init: descriptor 4, to which it writes the number of the signal,
  /// and 5, from which it is started; or -1. Without it 128 + N is taken for signal N.
  int reportFd = -1, initFd = -1;
  /// The working folder must be one that this user gets to: the program's plugin chose it. Else the
  /// keeper enters it first, which may lie below folders that are closed to the user.
  bool isFolderChosen = false;
  /// Nobody else on this machine is that user: what runs as it ends with the program.
  bool isUserOwn = false;
};

/// A program to run in a process group of its own.
struct ProgramSpec {
  std::vector<std::string>
      argv;  ///< argv[0] is looked up in the spec's own PATH unless it has a slash
  /// If not -1, this open file is started, whatever its name leads to by now; argv[0] is what it is
  /// called. An interpreter finds a script as kProgramFile.
  int programFd = -1;
  std::vector<std::string> env;  ///< "NAME=value"; nothing is inherited
  std::string cwd;
  int stdinFd = -1;   ///< -1 = /dev/null; descriptors stay the caller's
  int stdoutFd = -1;  ///< -1 = /dev/null
  int stderrFd = -1;
  ProgramLimits limits;
  SandboxWish sandbox;
  Confinement confinement;
  bool isStage = false;  ///< it serves one call after the other, and belongs to no attempt
  std::chrono::milliseconds timeout{0};   ///< 0 = none
  std::chrono::milliseconds grace{2000};  ///< between SIGTERM and SIGKILL of the group
};

struct ProgramExit {
  int code = -1;          ///< exit status; -1 if it did not exit by itself or never started
  int signal = 0;         ///< the signal that ended it, or 0
  bool timedOut = false;  ///< our timeout ended it
  bool stopped = false;   ///< the stop token ended it
  /// What made it fail, as far as that can be known; also of one that exits with 0 after processes
  /// of it were refused or killed.
  ProgramLimit limit = ProgramLimit::None;
  std::string limitReason = {};  ///< the same as a sentence
  std::string refusal = {};  ///< the sandbox that it must have cannot be had: why, and the remedy
  std::string sandbox = {};  ///< the level it ran at; empty = it asked for none
  Network network = Network::Host;  ///< what it had, if it asked for a sandbox
  bool lost = false;  ///< not its own doing (startError says what broke): infra, run it again
  std::string startError = {};  ///< why it could not be started ("cannot run 'foo': No such file or
                                ///< directory"), or empty
  std::chrono::microseconds ran{0};
  /// Of all its processes at once where control groups can be made, else of the largest; 0 = not
  /// known.
  std::int64_t peakMemoryBytes = 0;
  bool succeeded() const {
    return startError.empty() && code == 0 && signal == 0 && limit == ProgramLimit::None;
  }
};

/// Runs programs for jobs and stages. The real one is the Keeper (programs/keeper.h), so that every
/// program dies with the host; tests may script one. [any thread]
class Programs {
 public:
  virtual ~Programs() = default;
  /// Blocks until the program and its whole process group are gone. On timeout or stop: SIGTERM,
  /// grace, SIGKILL.
  virtual ProgramExit run(const ProgramSpec& spec, const std::stop_token& stop) = 0;
};

}  // namespace planwright
