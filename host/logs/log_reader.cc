#include "logs/log_reader.h"

#include <algorithm>

#include "base/utf8.h"

namespace planwright {
namespace {

constexpr std::size_t kLongestLine = 16 * 1024;
constexpr std::size_t kLargestPage = std::size_t{4} << 20;
constexpr std::uint64_t kMostRead = kLargestPage;  // of the text, for one page

std::int64_t timeOf(const LogFrame& frame, const std::vector<LogMark>& marks, std::size_t offset) {
  std::uint32_t after = 0;
  for (const auto& mark : marks)
    if (mark.offset <= offset) after = mark.afterMillis;
  return frame.unixMillis + after;
}

/// Offset behind the `count`-th line end of the text.
std::size_t behindLineEnds(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  for (; count > 0; --count) at = text.find('\n', at) + 1;
  return at;
}

/// Where a text goes back to the first column: a carriage return, or CSI G, with which npm and yarn
/// write their progress.
struct Return {
  std::size_t begin, end;
};

Return nextReturn(std::string_view text) {
  using namespace std::string_view_literals;
  for (auto at = text.find_first_of("\r\x1b"); at != text.npos;
       at = text.find_first_of("\r\x1b", at + 1))
    for (const auto form : {"\r"sv, "\x1b[G"sv, "\x1b[1G"sv, "\x1b[0G"sv})
      if (text.substr(at).starts_with(form)) return {at, at + form.size()};
  return {text.size(), text.size()};
}

/// A page that takes lines piece by piece, until it is full.
class Page {
 public:
  Page(LogLines& out, int limit) : out_(out), limit_(static_cast<std::size_t>(limit)) {}

  bool isFull() const { return !isOpen_ && (out_.lines.size() >= limit_ || isTooLarge_); }
  /// Enough was read: it ends with the last whole line. False: it has none yet, and what comes next
  /// of its first one is not what stood behind the last piece.
  bool endEarly() {
    out_.isTruncated = true;
    if (out_.lines.empty()) return false;
    isTooLarge_ = true;
    isOpen_ = false;
    return true;
  }
  /// A piece of a line, in which a return begins the line anew, as on a terminal.
  void add(std::string_view piece, bool isEnd, std::int64_t millis) {
    if (!isOpen_) {
      begin();
      millis_ = millis;
    }
    isOpen_ = !isEnd;
    while (!piece.empty()) {
      const Return next = nextReturn(piece);
      if (next.begin > 0) append(piece.substr(0, next.begin));
      isReturned_ = isReturned_ || next.begin < piece.size();
      piece.remove_prefix(next.end);
    }
    if (isEnd) finish();
  }
  void finishLast() {
    if (isOpen_ && out_.lines.size() < limit_) finish();
    isOpen_ = false;
  }

 private:
  void begin() {
    line_.clear();
    isReturned_ = isCut_ = false;
  }
  void append(std::string_view text) {
    if (isReturned_) begin();
    const std::size_t room = kLongestLine - line_.size();
    isCut_ = isCut_ || text.size() > room;
    line_ += text.substr(0, room);
  }
  void finish() {
    out_.isTruncated = out_.isTruncated || isCut_;
    if (size_ + line_.size() > kLargestPage) {
      out_.isTruncated = isTooLarge_ = true;
      return;
    }
    size_ += line_.size();
    out_.lines.push_back(toUtf8(line_));
    out_.unixMillis.push_back(millis_);
  }

  LogLines& out_;
  const std::size_t limit_;
  std::string line_;
  std::int64_t millis_ = 0;
  std::size_t size_ = 0;
  bool isOpen_ = false, isTooLarge_ = false;
  bool isReturned_ = false;  ///< what comes next replaces the line
  bool isCut_ = false;
};

}  // namespace

std::int64_t LogReader::totalLines() const {
  const auto& last = frames_.last();
  return last ? last->lineEndsAfter() + (last->endsLine ? 0 : 1) : 0;
}

LogLines LogReader::lines(std::int64_t firstLine, int limit) {
  LogLines out{.firstLine = firstLine, .totalLines = totalLines(), .lines = {}, .unixMillis = {}};
  if (firstLine > out.totalLines) return out;
  Page page(out, limit);
  std::optional<LogFrame> frame =
      frames_.lastThat([&](const LogFrame& f) { return f.lineEnds < firstLine - 1; });
  std::int64_t skip = firstLine - 1 - frame->lineEnds;  // line ends before the page
  std::string text;
  std::vector<LogMark> marks;
  std::uint64_t readFrom = frame->textOffset;
  for (; frame && !page.isFull(); frame = frames_.next(*frame)) {
    if (frame->textOffset - readFrom >= kMostRead) {
      if (page.endEarly()) break;
      frame = endOfLine(*frame);
      readFrom = frame->textOffset;
    }
    frames_.read(*frame, text, &marks);
    std::size_t at = 0;
    if (skip > 0) {
      at = behindLineEnds(text, std::min<std::int64_t>(skip, frame->ownLineEnds));
      skip -= frame->ownLineEnds;
      if (skip > 0) continue;
    }
    while (at < text.size() && !page.isFull()) {
      const std::size_t end = text.find('\n', at);
      page.add(std::string_view(text).substr(at, end - at), end != std::string::npos,
               timeOf(*frame, marks, at));
      at = end == std::string::npos ? text.size() : end + 1;
    }
  }
  page.finishLast();
  return out;
}

/// From where the last frames are read of a line that goes on in `frame`.
LogFrame LogReader::endOfLine(const LogFrame& frame) const {
  const LogFrame last =
      frames_.lastThat([&](const LogFrame& f) { return f.lineEnds <= frame.lineEnds; });
  if (last.textOffset <= frame.textOffset) return frame;
  return frames_.lastThat([&](const LogFrame& f) { return f.textOffset < last.textOffset; });
}

std::uint64_t LogReader::offsetOf(std::int64_t line) {
  if (line <= 1) return 0;
  if (line > totalLines()) return sizeBytes();
  const LogFrame frame = frames_.lastThat([&](const LogFrame& f) { return f.lineEnds < line - 1; });
  std::string text;
  frames_.read(frame, text);
  return frame.textOffset + behindLineEnds(text, line - 1 - frame.lineEnds);
}

std::int64_t LogReader::lineAt(std::uint64_t offset) {
  if (!frames_.first()) return 1;
  const LogFrame frame =
      frames_.lastThat([&](const LogFrame& f) { return f.textOffset <= offset; });
  std::string text;
  frames_.read(frame, text);
  const auto before = std::min<std::uint64_t>(offset - frame.textOffset, text.size());
  return frame.lineEnds + 1 +
         std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(before), '\n');
}

void LogReader::copy(std::uint64_t from, std::uint64_t to,
                     const std::function<void(std::string_view)>& write) {
  if (!frames_.first() || from >= std::min(to, sizeBytes())) return;
  std::optional<LogFrame> frame =
      frames_.lastThat([&](const LogFrame& f) { return f.textOffset <= from; });
  std::string text;
  for (; frame && frame->textOffset < to; frame = frames_.next(*frame)) {
    frames_.read(*frame, text);
    const auto begin = std::max(from, frame->textOffset) - frame->textOffset;
    const auto end = std::min(to, frame->textEnd()) - frame->textOffset;
    write(std::string_view(text).substr(begin, end - begin));
  }
}

std::string LogReader::piece(std::uint64_t from, std::uint64_t to) {
  to = std::min(to, sizeBytes());
  if (!frames_.first() || from >= to) return {};
  const LogFrame frame = frames_.lastThat([&](const LogFrame& f) { return f.textOffset <= from; });
  if (from >= frame.textEnd()) {  // frames are lost
    const auto after = frames_.next(frame);
    const std::uint64_t lostTo = after ? std::min(to, after->textOffset) : to;
    return std::string(std::min<std::uint64_t>(lostTo - from, kFrameText), '?');
  }
  std::string text;
  frames_.read(frame, text);
  const auto begin = from - std::min(from, frame.textOffset);
  return text.substr(begin, std::min(to, frame.textEnd()) - frame.textOffset - begin);
}

Result<LogHits> LogReader::search(const std::string& text, bool isRegex, int limit) {
  auto search = LogSearch::make(text, isRegex, limit);
  if (!search) return search.error();
  std::string piece;
  for (auto frame = frames_.first(); frame; frame = frames_.next(*frame)) {
    frames_.read(*frame, piece);
    if (!(*search)->feed(piece)) break;
  }
  return (*search)->finish();
}

}  // namespace planwright
