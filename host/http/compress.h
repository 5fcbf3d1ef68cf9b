#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace planwright {

/// Shorter bodies gain nothing.
constexpr std::size_t kCompressFromBytes = 1024;

/// `level` 1 (quick) to 9 (small). Throws std::runtime_error if zlib has no memory.
std::string gzip(std::string_view bytes, int level = 5);

/// Text that shrinks: JSON, problem documents, HTML, scripts, styles, SVG, plain text.
bool isCompressible(std::string_view contentType);
/// True if the client sent an Accept-Encoding that takes gzip.
bool acceptsGzip(const Headers& request);

}  // namespace planwright
