#pragma once

#include <chrono>
#include <cstddef>

namespace planwright {

/// How long a connection that the host ends is read on, so that the client sees the answer and not
/// a reset (RFC 9112, 9.6).
constexpr std::chrono::seconds kLingerTime{2};

/// What one client may ask of the server. A value.
struct HttpLimits {
  std::size_t headerBytes = 16 * 1024;               ///< more: 431
  std::size_t targetBytes = 4 * 1024;                ///< more: 414
  std::size_t bodyBytes = std::size_t{8} << 20;      ///< more: 413
  std::size_t uploadBytes = std::size_t{512} << 20;  ///< of upload routes
  std::size_t connections = 2000;                    ///< more: 503 and closed
  std::chrono::milliseconds requestTimeout{30'000};  ///< first byte to last, uploads: between bytes
  std::chrono::milliseconds idleTimeout{60'000};     ///< between two requests
  friend bool operator==(const HttpLimits&, const HttpLimits&) = default;
};

}  // namespace planwright
