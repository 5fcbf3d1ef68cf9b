#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/request_head.h"

namespace planwright {

/// Cuts the byte stream of one connection into requests, incrementally and within limits. No
/// sockets: bytes go in by feed(), events come out of next(). What is left over after a request
/// stays for the next one (pipelining). Owned by one HttpConnection, used on its thread.
///
///   framer.feed(bytes);
///   while (true) switch (framer.next()) { case Head: … case Body: … case End: … case NeedBytes:
///   return; … }
class RequestFramer {
 public:
  enum class Event {
    NeedBytes,  ///< feed() more
    Head,       ///< head() is complete; limitBody() may be called now
    Body,       ///< body() holds the next piece
    End,        ///< the request is complete; the next call begins the next one
    Bad,        ///< error() says why; stays so for ever
  };

  explicit RequestFramer(const HttpLimits& limits);

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  Event next();

  /// After Event::Head; may be moved from.
  RequestHead& head() { return head_; }
  /// How much body this request may have; the default is HttpLimits::bodyBytes.
  void limitBody(std::uint64_t bytes) { bodyLimit_ = bytes; }
  /// Valid until the next call of feed() or next().
  std::string_view body() const { return piece_; }
  const FramingError& error() const { return error_; }

  /// A request has begun and is not complete: the slow-sender clock runs.
  bool isInside() const { return state_ != State::RequestLine || buffer_.size() > used_; }

 private:
  enum class State {
    RequestLine,
    Fields,
    HeadDone,
    FixedBody,
    ChunkSize,
    ChunkData,
    ChunkEnd,
    Trailers,
    Bad
  };

  Event nextHeadLine();
  Event beginBody();
  Event nextFixed();
  Event nextPiece();  ///< of what is missing
  Event nextChunkLine();
  Event nextChunkData();
  Event end();
  Event fail(FramingError error);
  Event failLongLine();
  /// The next line without its CRLF: 1 = there is one, 0 = more bytes needed, -1 = a bare LF or CR.
  int takeLine(std::string_view& line);
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }
  void compact();

  const HttpLimits limits_;
  State state_ = State::RequestLine;
  std::string buffer_;
  std::size_t used_ = 0;     ///< bytes of buffer_ that are done
  std::size_t scanned_ = 0;  ///< no line end before this place of buffer_
  std::size_t headBytes_ = 0;
  bool isChunked_ = false;
  std::uint64_t bodyLimit_ = 0;
  std::uint64_t bodyBytes_ = 0;
  std::uint64_t missing_ = 0;  ///< of the fixed body or the chunk
  std::string_view piece_;
  RequestHead head_;
  FramingError error_;
};

}  // namespace planwright
