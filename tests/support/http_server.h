#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unavailable.h"
#include "http/problem.h"
#include "http/server.h"

namespace planwright {

/// A server on a free port with a few telling routes.
class TestServer {
 public:
  using Adjust = std::function<void(Router&, ServerOptions&)>;

  explicit TestServer(const Adjust& adjust = {}) {
    addRoutes();
    ServerOptions options;
    options.listen.address = "127.0.0.1:0";
    options.threads = 2;
    if (adjust) adjust(router_, options);
    server_ = std::make_unique<Server>(router_, options);
    if (const auto listening = server_->listen(); !listening) {
      throw std::runtime_error(listening.error().message);
    }
    server_->start();
  }

  int port() const { return server_->port(); }
  Server& server() { return *server_; }
  Hub& hub() { return server_->hub(); }

 private:
  void addRoutes() {
    router_.get("/hello", [](const Request&) { return Response::json(R"({"hello":"world"})"); });
    router_.get("/p/{token}", [](const Request& request) {
      return Response::text("id=[" + std::string(request.param("token")) + "]", "text/plain");
    });
    router_.get("/big/{id}", [](const Request& request) {  // that many KiB
      const auto bytes = static_cast<std::size_t>(*request.id()) * 1024;
      return Response::text(std::string(bytes, 'x'), "application/octet-stream");
    });
    router_.post("/len", [](const Request& request) {
      return Response::text("len=" + std::to_string(request.body.size()), "text/plain");
    });
    router_.add(Method::Post, "/upload",
                [](const Request& request) {
                  const std::string bytes = readAll(request.bodyFile->get());
                  return Response::text(std::to_string(request.bodySize) + ":" + bytes.substr(0, 5),
                                        "text/plain");
                },
                {.upload = true, .readOnlyOk = false});
    router_.get("/throw", [](const Request&) -> Response { throw 42; });
    router_.get("/fail", [](const Request&) -> Response { throw std::runtime_error("secret"); });
    router_.get("/away",
                [](const Request&) -> Response { throw Unavailable("Postgres is away."); });
  }

  Router router_;
  std::unique_ptr<Server> server_;
};

}  // namespace planwright
