#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/headers.h"

namespace planwright {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range header asks for of a representation with `totalBytes` (RFC 9110 §14.2).
struct RangeAnswer {
  enum Kind {
    Whole,          ///< no Range, one we do not understand, or more than one: send all, 200
    Part,           ///< 206 with `range`
    Unsatisfiable,  ///< 416
  };
  Kind kind = Whole;
  ByteRange range;
};
RangeAnswer parseRange(std::string_view header, std::uint64_t totalBytes);

/// The same for a request, minding If-Range: a part only if the strong `etag` is still the one it
/// names.
RangeAnswer rangeOf(const Headers& request, std::string_view etag, std::uint64_t totalBytes);

/// If-None-Match against the ETag of what would be sent; weak comparison, "*" matches.
bool matchesEtag(std::string_view ifNoneMatch, std::string_view etag);

}  // namespace planwright
