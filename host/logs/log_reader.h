#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logs/log_frames.h"
#include "logs/log_search.h"

namespace planwright {

/// A run of lines of a log. A last line without an end counts as a line.
struct LogLines {
  std::int64_t firstLine = 1;  ///< of `lines`, 1-based
  std::int64_t totalLines = 0;
  /// Some lines were too long to be shown whole, or the page too large, so that it ends early.
  bool isTruncated = false;
  std::vector<std::string> lines;        ///< valid UTF-8, the last state of each, no line ends
  std::vector<std::int64_t> unixMillis;  ///< of each line, when its first byte was written
};

/// Reads a log of any size that may be growing, as far as it was written when this was made. Costs
/// what is asked for, wherever it stands; memory does not depend on the log. One thread.
class LogReader {
 public:
  explicit LogReader(const std::filesystem::path& path) : frames_(path) {}

  /// Whether something that was read so far is lost, and other text stands for it.
  bool isDamaged() const { return frames_.isDamaged(); }
  std::uint64_t sizeBytes() const { return frames_.last() ? frames_.last()->textEnd() : 0; }
  std::int64_t totalLines() const;
  /// Of a line that goes on for megabytes, only the beginning and the end count.
  LogLines lines(std::int64_t firstLine, int limit);
  /// Where a line begins; the size if there is none.
  std::uint64_t offsetOf(std::int64_t line);
  /// The line that the byte belongs to.
  std::int64_t lineAt(std::uint64_t offset);
  /// The bytes [from, to), in pieces.
  void copy(std::uint64_t from, std::uint64_t to,
            const std::function<void(std::string_view)>& write);
  /// Bytes from `from` on, as many as one frame holds and at most up to `to`; nothing behind the
  /// end.
  std::string piece(std::uint64_t from, std::uint64_t to);
  /// Lines that contain `text`, or match the RE2 expression if `isRegex`; without regard to case,
  /// to terminal escape sequences, and to more than LogSearch::kLongestLine of a line. Gives up
  /// after two seconds. Invalid (pointer "q"): not an expression.
  Result<LogHits> search(const std::string& text, bool isRegex, int limit);

 private:
  LogFrame endOfLine(const LogFrame& frame) const;

  LogFrames frames_;
};

}  // namespace planwright
