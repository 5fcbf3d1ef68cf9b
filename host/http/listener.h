#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// A bound, listening, non-blocking TCP socket.
struct Listener {
  UniqueFd socket;
  std::string host;  ///< as given; IPv6 in brackets
  int port = 0;      ///< the real one, also when 0 was asked for
};

/// "127.0.0.1:8470", "[::1]:0", "localhost:8470". Invalid: not HOST:PORT. Unavailable: cannot be
/// bound (in use, no such address), with the system's reason.
Result<Listener> listenOn(std::string_view address);

}  // namespace planwright
