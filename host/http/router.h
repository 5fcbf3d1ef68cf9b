#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"
#include "http/response.h"
#include "http/route_rights.h"

namespace planwright {

/// Runs on an HTTP worker thread and may block on the database (never longer than its statement
/// timeout). Whatever it throws becomes a problem answer: Unavailable a 503, anything else a 500.
using Handler = std::function<Response(const Request&)>;

struct RouteOptions {
  bool upload =
      false;  ///< the body goes to an unlinked file (Request::bodyFile), with the upload cap
  bool readOnlyOk = false;     ///< a write method that changes nothing: allowed in read-only mode
  bool inMaintenance = false;  ///< a write that ends or changes maintenance mode
};

struct Route {
  Method method;
  std::string pattern;  ///< "/api/plans/{id}/jobs"; also the metric label
  Handler handler;
  RouteOptions options;
  RouteRight right;  ///< of its method and pattern
};

/// Paths to handlers. `{name}` matches one segment; `{name...}` as the last segment matches the
/// rest (one or more, with slashes). Literal segments win over parameters. GET also serves HEAD;
/// OPTIONS, 404 and 405 with Allow are answered by itself. Filled before the server starts,
/// read-only then: [any thread].
class Router {
 public:
  Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// Throws std::invalid_argument for a bad pattern or a route that is already there.
  void add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});
  void get(std::string_view pattern, Handler handler) {
    add(Method::Get, pattern, std::move(handler));
  }
  void post(std::string_view pattern, Handler handler) {
    add(Method::Post, pattern, std::move(handler));
  }
  /// What answers when no route fits, e.g. the page's client-side paths. GET and HEAD only.
  void fallback(Handler handler);

  /// Whether a route begins with this segment, whatever the case of its letters.
  bool hasTop(std::string_view segment) const;

  struct Match {
    const Route* route = nullptr;  ///< null: see `status`
    int status = 404;              ///< 400 bad escape, 404, 405, or 204 for OPTIONS
    std::string allow;             ///< for 405 and OPTIONS
    std::map<std::string, std::string, std::less<>> params;
  };
  Match match(Method method, std::string_view path) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::unique_ptr<Route> fallback_;
};

}  // namespace planwright
