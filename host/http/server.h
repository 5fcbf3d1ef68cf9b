#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/hub.h"
#include "http/limits.h"
#include "http/router.h"

namespace planwright {

/// One answered request, for metrics and the access log.
struct RequestRecord {
  Method method = Method::Get;
  std::string_view route;  ///< the pattern, or "" if none fitted
  int status = 0;
  std::chrono::nanoseconds duration{0};
};

struct ServerOptions {
  std::string listen = "127.0.0.1:8470";  ///< HOST:PORT or [V6]:PORT; port 0 = any free one
  int threads = 8;
  HttpLimits limits;
  HubLimits hub;
  std::filesystem::path spoolFolder =
      "/tmp";  ///< for upload bodies; files there are unlinked at once
  /// Host names (without port) that are answered besides loopback ones; "*" = any. Others get 421.
  std::vector<std::string> allowedHosts;
  bool readOnly = false;  ///< every write is refused with 403
  /// Asked before the handler: an answer refuses the request (sign-in, roles). [HTTP workers]
  std::function<std::optional<Response>(const Request&, const Route&)> gate;
  std::function<void(const RequestRecord&)> onRequest;  ///< [HTTP workers]
};

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

  std::string url() const;  ///< "http://127.0.0.1:8470", with the real port; after listen()
  int port() const;
  Hub& hub();
  std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
