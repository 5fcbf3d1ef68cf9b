#include "logs/log_search.h"

#include <algorithm>
#include <utility>

#include <re2/re2.h>

#include "base/utf8.h"

namespace planwright {
namespace {

constexpr auto kSearchTime = std::chrono::seconds(2);
constexpr std::size_t kLongestExpression = 1000;
constexpr std::size_t kShownBytes = 1024;

/// What a terminal showed of the line when the hit was written: between two carriage returns.
std::string_view stateAround(std::string_view lines, std::size_t begin, std::size_t size) {
  const std::size_t from = begin == 0 ? 0 : lines.find_last_of("\r\n", begin - 1) + 1;
  const std::size_t to = std::min(lines.find_first_of("\r\n", begin + size), lines.size());
  return lines.substr(from, std::min(to - from, kShownBytes));
}

}  // namespace

Result<std::unique_ptr<LogSearch>> LogSearch::make(const std::string& text, bool isRegex,
                                                   int limit) {
  const auto bad = [](std::string why) {
    return Error{ErrorKind::Invalid, std::move(why), "bad-pattern", "/q"};
  };
  if (text.size() > kLongestExpression) return bad("The expression is too long.");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(false);
  options.set_never_nl(true);
  options.set_max_mem(8 << 20);
  const std::string pattern = isRegex ? "(?m)" + text : RE2::QuoteMeta(text);
  auto wanted = std::make_unique<RE2>(pattern, options);
  if (!wanted->ok()) return bad("It is not a regular expression: " + wanted->error() + ".");
  return std::unique_ptr<LogSearch>(new LogSearch(std::move(wanted), limit));
}

LogSearch::LogSearch(std::unique_ptr<RE2> wanted, int limit)
    : wanted_(std::move(wanted)),
      limit_(static_cast<std::size_t>(limit)),
      end_(std::chrono::steady_clock::now() + kSearchTime) {}

LogSearch::~LogSearch() = default;

bool LogSearch::feed(std::string_view piece) {
  if (std::chrono::steady_clock::now() > end_) {
    found_.isComplete = false;
    return false;
  }
  hasEscapes_ = hasEscapes_ || piece.find('\x1b') != std::string_view::npos;
  block_ = std::move(carry_);
  carry_.clear();
  if (hasEscapes_)
    block_ += plain_.feed(piece);
  else
    block_ += piece;
  if (isInLongLine_) {
    const auto end = block_.find('\n');
    if (end == std::string::npos) return true;
    block_.erase(0, end + 1);
    ++line_;
    isInLongLine_ = false;
  }
  const auto last = block_.rfind('\n');
  if (last == std::string::npos && block_.size() >= kLongestLine) {
    // A line that begins anew again and again is searched state by state.
    const std::size_t whole = block_.rfind('\r') + 1;  // npos + 1 is 0
    isInLongLine_ = whole == 0;
    if (whole > 0) carry_ = block_.substr(whole);
    look(std::string_view(block_).substr(0, whole > 0 ? whole : block_.size()));
  } else {
    const std::size_t whole = last == std::string::npos ? 0 : last + 1;
    carry_ = block_.substr(whole);
    look(std::string_view(block_).substr(0, whole));
  }
  return true;
}

LogHits LogSearch::finish() {
  if (found_.isComplete) look(carry_);
  return std::move(found_);
}

/// Some expressions take a second for a few hundred kilobytes, so the clock is read more often.
void LogSearch::look(std::string_view lines) {
  constexpr std::size_t kSlice = 16 * 1024;
  while (!lines.empty()) {
    found_.isComplete = std::chrono::steady_clock::now() <= end_;
    if (!found_.isComplete) return;
    const std::size_t end = lines.size() > kSlice ? lines.find('\n', kSlice) : lines.npos;
    const std::string_view slice = lines.substr(0, end == lines.npos ? end : end + 1);
    lookIn(slice);
    lines.remove_prefix(slice.size());
  }
}

void LogSearch::lookIn(std::string_view lines) {
  std::string plain;
  if (lines.find("\r\n") != std::string_view::npos) {  // so that $ is where one expects it
    plain.reserve(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (lines[i] != '\r' || lines.substr(i + 1, 1) != "\n") plain += lines[i];
    lines = plain;
  }
  std::size_t at = 0, counted = 0;
  re2::StringPiece hit;
  while (at < lines.size() &&
         wanted_->Match({lines.data(), lines.size()}, at, lines.size(), RE2::UNANCHORED, &hit, 1)) {
    const auto begin = static_cast<std::size_t>(hit.data() - lines.data());
    if (begin == lines.size() && lines.ends_with('\n')) break;  // behind the last line
    line_ += std::count(lines.begin() + static_cast<std::ptrdiff_t>(counted),
                        lines.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
    const std::size_t to = std::min(lines.find('\n', begin), lines.size());
    if (std::exchange(lastHit_, line_) != line_) ++found_.total;
    if (found_.hits.size() < limit_ && (found_.hits.empty() || found_.hits.back().line != line_))
      found_.hits.push_back({line_, toUtf8(stateAround(lines, begin, hit.size()))});
    counted = to;
    at = to + 1;
  }
  line_ += std::count(lines.begin() + static_cast<std::ptrdiff_t>(std::min(counted, lines.size())),
                      lines.end(), '\n');
}

}  // namespace planwright
