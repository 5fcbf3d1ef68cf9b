#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace planwright {

/// Why a request is refused before any handler sees it. The connection is closed after the answer,
/// since nobody can tell where the next request would begin.
struct FramingError {
  int status = 400;
  std::string detail;
  friend bool operator==(const FramingError&, const FramingError&) = default;
};

/// Request line and header fields, checked strictly (RFC 9112): what two parsers could read
/// differently is refused, so that a proxy in front and we always agree on where a request ends.
struct RequestHead {
  Method method = Method::Get;
  std::string target;
  std::string path;  ///< raw; "*" for OPTIONS *
  std::string rawQuery;
  bool isHttp11 = true;
  Headers headers;

  // from the fields, by finish()
  std::optional<std::uint64_t> contentLength;
  bool isChunked = false;
  bool keepAlive = true;
  bool expectsContinue = false;

  /// "GET /x?y HTTP/1.1", without the line end. nullopt = fine.
  std::optional<FramingError> parseRequestLine(std::string_view line, std::size_t targetLimit);
  /// "Name: value", without the line end.
  std::optional<FramingError> parseField(std::string_view line);
  /// After the last field: framing fields, Host, Connection, Expect.
  std::optional<FramingError> finish();

 private:
  std::optional<FramingError> parseTarget(std::string_view text);
  std::optional<FramingError> finishFraming();
};

}  // namespace planwright
