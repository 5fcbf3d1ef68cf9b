#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/secret_mask.h"
#include "base/unique_fd.h"
#include "logs/log_frames.h"
#include "logs/log_writer.h"

namespace planwright {

/// What one attempt's log may become.
struct LogLimits {
  std::uint64_t maxBytes = 0;  ///< of text; beyond it only the end is kept. 0 = no limit
  /// Where what the limit leaves out is kept (a file without a name); empty = nowhere.
  std::filesystem::path restFolder = {};
};

struct LogEnd {
  std::uint64_t textBytes = 0;     ///< that the log has
  std::uint64_t leftOutBytes = 0;  ///< by the limit
  UniqueFd rest;                   ///< those bytes, at offset 0, if the limits say so
};

/// The log of one attempt while it is written. Programs write into its pipe, one for both streams
/// so that their order stays; the writer's thread, or whoever finishes it, moves what is there into
/// a frame of the file, with the time. Nothing is made before it is needed: no pipe without a
/// program, no file without a byte. Owned by the call of the attempt; the writer outlives it.
/// [any thread]
class AttemptLog final : private LogPipe {
 public:
  AttemptLog(LogWriter& writer, std::filesystem::path file, LogLimits limits = {});
  ~AttemptLog() override;
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;

  /// Where programs write; stays open until the end.
  int outputFd();
  /// A line of the host or the builder, behind what programs wrote before it.
  void line(std::string_view text);
  /// Values to mask from now on.
  void hide(std::string_view secret);
  /// Bytes so far; grows while programs write.
  std::uint64_t receivedBytes() const { return received_.load(std::memory_order_relaxed); }
  /// A program is about to write, and the end of what came since then, as it is stored.
  void beginTail();
  std::string tail(std::size_t mostBytes);
  /// Nothing comes any more. Throws if the log could not be written, e.g. the disk is full.
  LogEnd finish();

 private:
  int readEnd() const override { return readEnd_.get(); }
  bool drain(std::string& buffer, FramePacker& packer, int mostRounds) override;
  void take(std::string_view bytes, FramePacker& packer);
  void store(std::string_view text, FramePacker& packer);
  void keepEnd(std::string_view text);
  void append(std::string_view text, FramePacker& packer);
  void openFile();
  void settle(FramePacker& packer);
  std::string storedEnd(std::size_t mostBytes) const;
  void closeAll();

  LogWriter& writer_;
  const std::filesystem::path path_;
  const LogLimits limits_;
  std::atomic<std::uint64_t> received_{0};
  // Everything below is guarded by the writer's lock.
  std::uint64_t number_ = 0;  ///< among those with a pipe
  UniqueFd readEnd_, writeEnd_, file_, rest_;
  SecretMask mask_;
  std::uint64_t salt_ = 0;
  std::uint64_t textBytes_ = 0;
  std::int64_t lineEnds_ = 0;
  bool endsLine_ = true;
  bool isWide_ = false;  ///< the pipe was made larger
  std::uint64_t frames_ = 0;
  std::uint64_t tailFrom_ = 0;
  std::uint64_t leftOut_ = 0;
  std::string end_;  ///< the latest of what is left out
  std::string problem_;
  bool isFinished_ = false;
};

}  // namespace planwright
