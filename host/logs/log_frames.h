#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"

namespace planwright {

/// Most text of one frame: what is read, held and unpacked at once.
constexpr std::size_t kFrameText = 256 * 1024;

/// When the text from `offset` of a frame on was written.
struct LogMark {
  std::uint32_t offset = 0;
  std::uint32_t afterMillis = 0;  ///< since the frame's own time
};

/// What a frame says of itself; all that is needed to find a byte, a line or a time.
struct LogFrame {
  off_t position = 0;            ///< in the file
  off_t end = 0;                 ///< of the frame in the file; the next one begins there
  std::uint64_t textOffset = 0;  ///< bytes of text before it
  std::int64_t lineEnds = 0;     ///< line ends before it
  std::int64_t unixMillis = 0;   ///< when its first byte was written
  std::uint32_t textBytes = 0;
  std::uint32_t ownLineEnds = 0;
  std::uint32_t storedBytes = 0;
  std::uint32_t marks = 0;
  bool endsLine = false;  ///< its last byte is a line end
  /// Not in the file any more: it stands for the text between the frames around it.
  bool isLost = false;

  std::uint64_t textEnd() const { return textOffset + textBytes; }
  std::int64_t lineEndsAfter() const { return lineEnds + ownLineEnds; }
};

/// Packs text into frames. Its memory is reused; one thread at a time.
class FramePacker {
 public:
  FramePacker();
  ~FramePacker();
  FramePacker(const FramePacker&) = delete;
  FramePacker& operator=(const FramePacker&) = delete;
  /// The bytes of a frame that stands behind `frame.textOffset` and `frame.lineEnds`; the other
  /// values are filled in. Valid until the next call.
  std::string_view pack(LogFrame& frame, std::uint64_t salt, std::string_view text,
                        const std::vector<LogMark>& marks = {});

 private:
  void* context_;
  std::string out_;
};

/// A log file: frames one behind the other, appended and never changed. A frame is a header in a
/// skippable zstd frame (place, lines, time) and a zstd frame with the text, so `zstd -dc` prints a
/// log, too. A crash can only cut the last frame, which is then as if it were not there.
///
/// Nothing needs an index: any frame is found by looking for headers around the middle of what is
/// left (they carry the file's random number, which no program that writes the log knows).
/// A missing or foreign file is an empty log. Reads what was complete when it was opened.
///
/// Where the disk has lost frames or changed their bytes, as much other text stands as there was,
/// with as many line ends; it begins with a sentence that says so. One thread.
class LogFrames {
 public:
  explicit LogFrames(const std::filesystem::path& path);
  ~LogFrames();
  LogFrames(const LogFrames&) = delete;
  LogFrames& operator=(const LogFrames&) = delete;

  const std::optional<LogFrame>& first() const { return first_; }
  const std::optional<LogFrame>& last() const { return last_; }
  std::uint64_t salt() const { return salt_; }
  /// What stands behind it: a frame, or one that is lost.
  std::optional<LogFrame> next(const LogFrame& frame) const;
  /// The last frame for which `isBefore` is true. It must be true for the first frame, and false
  /// for all frames after one for which it is false.
  LogFrame lastThat(const std::function<bool(const LogFrame&)>& isBefore) const;
  /// Its text.
  void read(const LogFrame& frame, std::string& text, std::vector<LogMark>* marks = nullptr);
  /// Whether what was read so far was not what had been written.
  bool isDamaged() const { return isDamaged_; }

 private:
  std::optional<LogFrame> at(off_t position) const;
  std::optional<LogFrame> findFrom(off_t position, off_t end) const;
  void findFirst();
  void findLast(off_t size);
  bool unpack(const LogFrame& frame, std::string& text);

  UniqueFd file_;
  void* context_ = nullptr;
  std::string packed_;
  std::uint64_t salt_ = 0;
  off_t size_ = 0;
  bool isDamaged_ = false;
  std::optional<LogFrame> first_, last_;
};

}  // namespace planwright
