#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/listen_config.h"
#include "http/unix_socket.h"

namespace planwright {

/// A bound, listening, non-blocking socket.
struct Listener {
  UniqueFd socket;
  SocketName name;  ///< of a unix socket
  std::string url;  ///< "http://127.0.0.1:8470", "unix:/run/planwright.sock"
  int port = 0;     ///< the real one, also when 0 was asked for; 0 of a unix socket
};

/// Invalid: the address is not HOST:PORT. Unavailable: it cannot be bound (in use, no such
/// address), with the system's reason.
Result<Listener> listenOn(const ListenConfig& listen);

}  // namespace planwright
