#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/hub.h"
#include "http/router.h"
#include "http/seats.h"
#include "http/server_options.h"

namespace planwright {

/// The HTTP side of the program: Pistache's reactor and peers under our own framing, limits and
/// writing (traps of Pistache 0.0.5: answers that reach the wrong client, workers stuck on slow
/// readers, aborts). Worker threads "pw-http", one hub thread. Owned by Application.
class Server {
 public:
  /// The router must be filled and outlive the server.
  Server(const Router& router, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds; Invalid or Unavailable says which address and why. Call once, before start().
  Result<void> listen();
  /// Starts the threads; answers from now on.
  void start();
  /// Closes every connection and ends the threads; waits for handlers that run. Idempotent.
  void stop();

  std::string url() const;  ///< as Listener's; after listen()
  int port() const;         ///< 0 of a unix socket
  Hub& hub();
  ConnectionSeats& seats();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
