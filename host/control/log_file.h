#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace planwright {

/// A run of lines of a log. A last line without an end counts as a line.
struct LogLines {
  std::int64_t firstLine = 1;  ///< of `lines`, 1-based
  std::int64_t totalLines = 0;
  bool isTruncated = false;  ///< some lines were too long to be shown whole, or the page too large
  std::vector<std::string> lines;  ///< valid UTF-8, without line ends
};

struct LogHit {
  std::int64_t line = 0;
  std::string text;
};

struct LogHits {
  std::int64_t total = 0;  ///< may be more than `hits`
  bool isComplete = true;  ///< false: the time was over before the end of the log
  std::vector<LogHit> hits;
};

/// Reads plain text logs that may be growing and of any size, in pieces: memory depends on the
/// answer only. A file that is not there is an empty log. Values; [any thread].
class LogFile {
 public:
  explicit LogFile(std::filesystem::path path) : path_(std::move(path)) {}

  LogLines read(std::int64_t firstLine, int limit) const;
  /// Lines that contain `text`, or match the POSIX extended expression if `isRegex`; without regard
  /// to case. Gives up after two seconds. Invalid (pointer "q"): not an expression, or one that may
  /// take for ever.
  Result<LogHits> search(const std::string& text, bool isRegex, int limit) const;

 private:
  std::filesystem::path path_;
};

}  // namespace planwright
