#include "http/request_framer.h"

#include <algorithm>
#include <charconv>

namespace planwright {

namespace {

constexpr std::size_t kMaxChunkLine = 256;  ///< a size and extensions nobody uses

/// "1a2b;name=value" -> 0x1a2b; nullopt if it is no size.
std::optional<std::uint64_t> parseChunkSize(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  digits = digits.substr(0, digits.find_last_not_of(" \t") + 1);
  constexpr std::size_t kMaxDigits = 15;
  std::uint64_t size = 0;
  const char* stop = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), stop, size, 16);
  if (digits.empty() || digits.size() > kMaxDigits || error != std::errc() || stopped != stop) {
    return std::nullopt;
  }
  return size;
}

}  // namespace

RequestFramer::RequestFramer(const HttpLimits& limits)
    : limits_(limits),
      bodyLimit_(limits.bodyBytes) {}

RequestFramer::Event RequestFramer::next() {
  piece_ = {};
  switch (state_) {
    case State::RequestLine:
    case State::Fields:
      return nextHeadLine();
    case State::HeadDone:
      return beginBody();
    case State::FixedBody:
      return nextFixed();
    case State::ChunkSize:
    case State::ChunkEnd:
    case State::Trailers:
      return nextChunkLine();
    case State::ChunkData:
      return nextChunkData();
    case State::Bad:
      return Event::Bad;
  }
  return Event::Bad;
}

int RequestFramer::takeLine(std::string_view& line) {
  const std::size_t from = std::max(scanned_, used_);
  const std::size_t end = buffer_.find_first_of("\r\n", from);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return 0;
  }
  scanned_ = end;
  if (buffer_[end] == '\n') return -1;
  if (end + 1 == buffer_.size()) return 0;
  if (buffer_[end + 1] != '\n') return -1;
  line = std::string_view(buffer_).substr(used_, end - used_);
  used_ = scanned_ = end + 2;
  return 1;
}

RequestFramer::Event RequestFramer::nextHeadLine() {
  while (true) {
    const std::size_t before = used_;
    std::string_view line;
    const int got = takeLine(line);
    if (got < 0) return fail({400, "Lines must end with CR LF."});
    const std::size_t lineBytes = (got > 0 ? used_ : buffer_.size()) - before;
    if (state_ == State::RequestLine && lineBytes > limits_.targetBytes + 64) return failLongLine();
    if (headBytes_ + lineBytes > limits_.headerBytes) return failLongLine();
    if (got == 0) {
      compact();
      return Event::NeedBytes;
    }
    headBytes_ += lineBytes;
    if (state_ == State::RequestLine) {
      if (line.empty()) continue;  // RFC 9112 §2.2: an empty line before a request is ignored
      if (auto error = head_.parseRequestLine(line, limits_.targetBytes)) return fail(*error);
      state_ = State::Fields;
      continue;
    }
    if (line.empty()) break;
    if (auto error = head_.parseField(line)) return fail(*error);
  }
  if (auto error = head_.finish()) return fail(*error);
  isChunked_ = head_.isChunked;  // head() may be moved from now on
  missing_ = head_.contentLength.value_or(0);
  state_ = State::HeadDone;
  return Event::Head;
}

RequestFramer::Event RequestFramer::beginBody() {
  if (isChunked_) {
    state_ = State::ChunkSize;
    return nextChunkLine();
  }
  if (missing_ > bodyLimit_) {
    return fail({413, "The body is larger than " + std::to_string(bodyLimit_) + " bytes."});
  }
  state_ = State::FixedBody;
  return nextFixed();
}

RequestFramer::Event RequestFramer::nextFixed() {
  return missing_ == 0 ? end() : nextPiece();
}

RequestFramer::Event RequestFramer::nextPiece() {
  piece_ = rest().substr(0, missing_);
  if (piece_.empty()) {
    compact();
    return Event::NeedBytes;
  }
  used_ += piece_.size();
  missing_ -= piece_.size();
  return Event::Body;
}

RequestFramer::Event RequestFramer::nextChunkLine() {
  while (true) {
    std::string_view line;
    const int got = takeLine(line);
    if (got < 0) return fail({400, "Lines must end with CR LF."});
    const std::size_t lineBytes = got > 0 ? line.size() + 2 : rest().size();
    if (lineBytes > kMaxChunkLine) return fail({400, "A line of the chunked body is too long."});
    if (got == 0) {
      compact();
      return Event::NeedBytes;
    }
    if (state_ == State::Trailers) {
      headBytes_ += lineBytes;
      if (headBytes_ > limits_.headerBytes) return failLongLine();
      if (line.empty()) return end();
      continue;  // trailers are read and forgotten
    }
    if (state_ == State::ChunkEnd) {
      if (!line.empty()) return fail({400, "A chunk is longer than its size says."});
      state_ = State::ChunkSize;
      continue;
    }
    const auto size = parseChunkSize(line);
    if (!size) return fail({400, "A chunk size is not a hexadecimal number."});
    bodyBytes_ += *size;
    if (bodyBytes_ > bodyLimit_) {
      return fail({413, "The body is larger than " + std::to_string(bodyLimit_) + " bytes."});
    }
    missing_ = *size;
    state_ = *size == 0 ? State::Trailers : State::ChunkData;
    if (*size != 0) return nextChunkData();
  }
}

RequestFramer::Event RequestFramer::nextChunkData() {
  const Event event = nextPiece();
  if (missing_ == 0) state_ = State::ChunkEnd;
  return event;
}

RequestFramer::Event RequestFramer::end() {
  compact();
  state_ = State::RequestLine;
  head_ = {};
  headBytes_ = 0;
  bodyBytes_ = 0;
  bodyLimit_ = limits_.bodyBytes;
  return Event::End;
}

RequestFramer::Event RequestFramer::fail(FramingError error) {
  error_ = std::move(error);
  state_ = State::Bad;
  return Event::Bad;
}

RequestFramer::Event RequestFramer::failLongLine() {
  if (state_ == State::RequestLine) {
    return fail({414, "The request target is longer than " + std::to_string(limits_.targetBytes) +
                          " bytes."});
  }
  return fail(
      {431, "The header is larger than " + std::to_string(limits_.headerBytes) + " bytes."});
}

void RequestFramer::compact() {
  buffer_.erase(0, used_);
  scanned_ -= std::min(scanned_, used_);
  used_ = 0;
}

}  // namespace planwright
