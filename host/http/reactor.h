#pragma once

#include <memory>

#include "http/connection.h"

namespace planwright {

/// The worker threads ("pw-http"): Pistache's reactor and transport, with our own acceptor in each
/// worker. The one place that knows Pistache. Owned by the Server.
class Reactor {
 public:
  /// `listenSocket` and `context` outlive it.
  Reactor(int listenSocket, int threads, const ConnectionContext& context);
  /// Closes every connection; waits for handlers that run.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
