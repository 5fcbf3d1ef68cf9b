#pragma once

#include <chrono>
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
  /// Runs the handler (or the refusal) and completes its answer, unless that is late. Does not
  /// throw.
  Response answer(const Request& request, Admission admission) const noexcept;
  /// The same of a late one. `route`: whose handler gave it.
  Response answerLate(const Request& request, const Route* route,
                      const LateBody& late) const noexcept;

 private:
  using Begin = std::chrono::steady_clock::time_point;
  template <class Make>
  Response run(const Request& request, Make make) const;
  Response complete(const Request& request, const Route* route, Begin begin,
                    Response response) const;
  void keepAsking(const Request& request, const Route* route, Response& response) const;
  std::optional<Response> inMaintenance(const Request& request, const RouteOptions& route) const;
  std::optional<Response> unrouted(const Request& request, const Router::Match& match) const;

  const Router& router_;
  const ServerOptions& options_;
};

std::string makeRequestId();

}  // namespace planwright
