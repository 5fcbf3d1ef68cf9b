#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ansi_filter.h"
#include "base/result.h"
#include "logs/log_frames.h"

namespace re2 {
class RE2;
}

namespace planwright {

struct LogHit {
  std::int64_t line = 0;
  std::string text;  ///< without terminal escape sequences
};

struct LogHits {
  std::int64_t total = 0;  ///< may be more than `hits`
  bool isComplete = true;  ///< false: the time was over before the end of the log
  std::vector<LogHit> hits;
};

/// Looks for an expression in text that comes in pieces, many lines at a time. RE2 takes time in
/// proportion to the text whatever the expression is, and bounded memory. For one search.
class LogSearch {
 public:
  static constexpr std::size_t kLongestLine = kFrameText;  ///< more of a line is not searched
  static Result<std::unique_ptr<LogSearch>> make(const std::string& text, bool isRegex, int limit);
  ~LogSearch();
  LogSearch(const LogSearch&) = delete;
  LogSearch& operator=(const LogSearch&) = delete;

  /// False: the time is over.
  bool feed(std::string_view piece);
  LogHits finish();

 private:
  LogSearch(std::unique_ptr<re2::RE2> wanted, int limit);
  void look(std::string_view lines);
  void lookIn(std::string_view lines);

  const std::unique_ptr<re2::RE2> wanted_;
  const std::size_t limit_;
  const std::chrono::steady_clock::time_point end_;
  AnsiFilter plain_;
  bool hasEscapes_ = false;  ///< once seen, all goes through the filter
  std::string carry_;        ///< a line that is not complete
  std::string block_;
  bool isInLongLine_ = false;  ///< of which a hit was counted or not; the rest is not looked at
  std::int64_t line_ = 1;      ///< of the first byte that comes
  std::int64_t lastHit_ = 0;   ///< a line counts once
  LogHits found_;
};

}  // namespace planwright
