#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

// What a host and the process that runs one of its stages say to each other, over a stream socket
// of one machine. A frame is 16 bytes, little-endian, and what they announce:
//   u32 meta length (<= 8 MiB) | u32 data length (<= 64 MiB) | u16 kind | u16 flags | u32 number
// meta is a JSON object or nothing, unknown members are ignored; data are raw bytes; flag 1 = a
// descriptor comes along (SCM_RIGHTS). Numbers tell calls, and requests of the stage, apart.

enum class FrameKind : std::uint16_t {
  // host -> worker
  /// {"plugin","id","version","stages","secrets","stage","queue","settings","memory","cpu"}: the
  /// name of a file and what its manifest says, how many bytes it may use and how many seconds of
  /// processor time in a call (0 = any); answered by Ready or Refused. Without a stage it is only
  /// loaded. A shared object comes along as a descriptor, a program is the worker itself.
  Hello = 1,
  Plan = 2,      ///< a call: the input, data = its content; answered by Done
  Build = 3,     ///< a call: the job; answered by Done
  Cancel = 4,    ///< {"reason"}: the number in PW_STOP_*
  Reply = 5,     ///< to the request of this number: {"error"} or what was asked for
  Poll = 6,      ///< a call: data = the cursor; answered by Done
  Submit = 7,    ///< a call: the job; answered by Done, data = the handle
  Observe = 8,   ///< a call: data = a JSON array of handles; answered by Done
  Withdraw = 9,  ///< a call: data = the handle; answered by Done
  // worker -> host
  Ready = 16,    ///< of a source perhaps with the descriptor that tells when to poll
  Refused = 17,  ///< {"kind","message"}
  /// {"failure","outputs","tired"}, data = the plan; of a poll "items" and "next_ms", data = the
  /// new cursor; of an observation "states", "outputs" and "next_ms". tired = start another worker.
  Done = 18,
  Log = 19,       ///< {"level","fields"}, data = the message
  Event = 20,     ///< {"type"}, data = its body
  Metric = 21,    ///< {"kind","name","value","labels"}
  Progress = 22,  ///< {"done","total","note"}
  /// What Done brings of {"outputs","states","items"} and one frame cannot hold: as many of these
  /// before it as that takes.
  Part = 23,
  // worker -> host, answered by Reply
  BlobGet = 32,  ///< {"digest"}; the reply brings a descriptor
  BlobPut = 33,  ///< {"media_type"} with a descriptor; the reply has {"digest"}
  Secret = 34,   ///< {"name"}; the reply has the value as data
  Exec = 35,     ///< data = the spec of planwright.exec/1; the reply has the result as data
  Place = 36,    ///< of a source; the reply: {"folder", "max_bytes"}
};

constexpr std::size_t kFrameHeaderBytes = 16;
constexpr std::uint32_t kFrameMetaBytes = 8u << 20;
constexpr std::uint32_t kFrameDataBytes = 64u << 20;

struct FrameHeader {
  std::uint32_t metaBytes = 0, dataBytes = 0;
  FrameKind kind = FrameKind::Hello;
  bool hasFd = false;
  std::uint32_t number = 0;
};

/// Invalid: not the header of a frame; the message says which part is wrong.
Result<FrameHeader> parseFrameHeader(std::string_view bytes);
std::string frameHeader(const FrameHeader& header);

struct Frame {
  FrameKind kind = FrameKind::Hello;
  std::uint32_t number = 0;
  std::string meta;  ///< a JSON object, or empty
  std::string data;
  UniqueFd fd = {};
};

/// One end of the socket. receive() and take() by one thread, send() by any.
class FrameSocket {
 public:
  /// `patience`: how long the other side may take to read a frame of ours; 0 = for ever.
  explicit FrameSocket(UniqueFd socket, std::chrono::seconds patience = {});

  int fd() const { return socket_.get(); }
  /// False: the other side is gone, or does not read. TooLarge frames throw std::length_error.
  bool send(FrameKind kind, std::uint32_t number, std::string_view meta, std::string_view data = {},
            int fd = -1);
  /// Blocks for a whole frame. Unavailable: the other side is gone. Invalid: what it sent is no
  /// frame; nothing more can be read. A frame brings one descriptor at most; no other one is kept.
  Result<Frame> receive();
  /// Never blocks: what came of the next frame is kept, and given once that is whole.
  Result<std::optional<Frame>> take();
  /// A part of a frame has been taken, and the rest has not come.
  bool isInFrame() const { return coming_.got > 0; }
  /// Both sides see the end.
  void shutDown();

 private:
  /// As far as a frame has come.
  struct Coming {
    std::array<char, kFrameHeaderBytes> head{};
    std::size_t got = 0;  ///< of the header, then of what it announces
    std::optional<FrameHeader> header;
    Frame frame;
    std::span<char> room();
  };
  Result<bool> fill(std::span<char> room, int flags);
  Result<void> announce();
  Result<std::optional<Frame>> read(int flags);

  const UniqueFd socket_;
  const std::chrono::seconds patience_;
  Coming coming_;
  std::mutex sending_;
};

}  // namespace planwright
