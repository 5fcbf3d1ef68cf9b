#pragma once

#include <optional>
#include <string>

#include "http/router.h"
#include "http/server_options.h"

namespace planwright {

/// From a request to its response: guards, routing, the gate, the handler, and what a throw
/// becomes. No sockets. Owned by the Server; const: [HTTP workers].
class Dispatcher {
 public:
  Dispatcher(const Router& router, const ServerOptions& options);

  struct Admission {
    Router::Match match;
    std::optional<Response>
        refusal;  ///< answers without the handler, and without waiting for the body
  };
  /// Called when the head is complete, before any body is read.
  Admission admit(Request& request) const;
  /// Runs the handler (or the refusal) and completes its answer. Does not throw.
  Response answer(const Request& request, Admission admission) const noexcept;

 private:
  Response run(const Request& request, Admission& admission) const;
  std::optional<Response> unrouted(const Request& request, const Router::Match& match) const;

  const Router& router_;
  const ServerOptions& options_;
};

std::string makeRequestId();

}  // namespace planwright
