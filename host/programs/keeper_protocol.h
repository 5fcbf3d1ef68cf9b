#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/program.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

// What the host and its keeper say to each other, over SOCK_SEQPACKET pairs of one machine and one
// binary, so plain structs do. The control pair carries Hello, its answer once nothing of an
// earlier keeper is left, then Ping and Channel (with the keeper's end of a new pair). A channel
// carries one run at a time: Run and its descriptors, perhaps Stop, then the keeper's ExitMessage.
// A pair that closes tells the other side that its peer is gone.

enum class KeeperWord : std::uint32_t { Hello, Ping, Channel, Run, Stop };

struct HelloMessage {
  KeeperWord word = KeeperWord::Hello;
  std::uint32_t family = 0;  ///< marks all programs of this data folder (keeper_tags.h)
  std::int64_t leaseMillis = 0;
  std::uint64_t openFiles = 0;  ///< soft limit for programs
};

struct RunMessage {
  KeeperWord word = KeeperWord::Run;
  std::uint32_t number =
      0;  ///< also in Stop and in the answer: a late Stop must not hit the next run
  std::uint32_t argCount = 0;
  std::uint32_t envCount = 0;
  std::uint32_t textBytes = 0;
  bool hasStdin = false, hasStdout = false, hasStderr = false;
  bool hasLandlock = false, hasFilter = false;
  bool isConfined = false, isWrapped = false, hasInit = false, hasProgram = false;
  bool isFolderChosen = false, isUserOwn = false;
  std::uint32_t namespaceCount = 0;
  std::uint32_t user = 0, group = 0;
  bool isTextInFile =
      false;  ///< the text is in a memory file, the last descriptor: it is too long for a message
  ProgramLimits limits;
  std::int64_t timeoutMillis = 0;
  std::int64_t graceMillis = 0;
};

struct ShortMessage {
  KeeperWord word = KeeperWord::Ping;
  std::uint32_t number = 0;
};

struct ExitMessage {
  std::uint32_t number = 0;
  std::int32_t code = -1;
  std::int32_t signal = 0;
  bool timedOut = false, stopped = false, isLost = false;
  ProgramLimit limit = ProgramLimit::None;
  std::int64_t ranMicros = 0;
  std::int64_t peakMemoryBytes = 0;
  char startError[1024] = {};
};

/// The largest text that goes into the message itself.
constexpr std::size_t kInlineTextBytes = 32 * 1024;

/// cwd, argv and env, each ended by NUL. Invalid if one of them holds a NUL itself or there is no
/// argv[0].
Result<std::string> programText(const ProgramSpec& spec);

/// The parts of a program's text, pointing into it. Invalid if the counts do not fit the text.
struct ProgramWords {
  const char* cwd = nullptr;
  std::vector<char*> argv;  ///< null-terminated, as execve wants it
  std::vector<char*> env;
};
Result<ProgramWords> splitProgramText(std::span<char> text, std::size_t argCount,
                                      std::size_t envCount);

/// False with errno if it could not be sent; never raises SIGPIPE.
bool sendPacket(int socket, std::string_view head, std::string_view body = {},
                std::span<const int> fds = {}, int flags = 0);

struct Packet {
  std::string_view bytes;  ///< in the caller's buffer; empty = the peer is gone
  std::vector<UniqueFd> fds;
  bool isNothing = false;  ///< MSG_DONTWAIT, and nothing there
};
Packet receivePacket(int socket, std::span<char> buffer, int flags = 0);

template <class T>
std::string_view bytesOf(const T& message) {
  return {reinterpret_cast<const char*>(&message), sizeof message};
}

}  // namespace planwright
