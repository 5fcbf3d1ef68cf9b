#pragma once

#include <chrono>
#include <cstddef>

namespace planwright {

/// How long a connection that the host ends is read on, so that the client sees the answer and not
/// a reset (RFC 9112, 9.6).
constexpr std::chrono::seconds kLingerTime{2};

/// How much of a body has to come in a second, on the average.
constexpr std::size_t kSlowestBodyBytes = 4 * 1024;

/// What one client may ask of the server. A value.
struct HttpLimits {
  std::size_t headerBytes = 16 * 1024;               ///< more: 431
  std::size_t targetBytes = 4 * 1024;                ///< more: 414
  std::size_t bodyBytes = std::size_t{8} << 20;      ///< more: 413
  std::size_t uploadBytes = std::size_t{512} << 20;  ///< of upload routes
  std::size_t keptBytes = std::size_t{64} << 20;     ///< of bodies in memory, all clients together
  std::size_t connections = 2000;  ///< more: others are given up, see ConnectionSeats
  /// For a whole request: from its first byte on, for the first one from the connect on. A body has
  /// a second more for every kSlowestBodyBytes that came; an upload that stops so long is over.
  std::chrono::milliseconds requestTimeout{30'000};
  std::chrono::milliseconds idleTimeout{60'000};  ///< between two requests
  friend bool operator==(const HttpLimits&, const HttpLimits&) = default;
};

}  // namespace planwright
