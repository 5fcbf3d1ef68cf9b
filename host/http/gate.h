#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/keys.h"
#include "http/minute_counts.h"
#include "http/request.h"
#include "http/request_queues.h"
#include "http/response.h"
#include "http/route_rights.h"
#include "http/router.h"

namespace planwright {

/// The name of the cookie that carries a session. Browsers send a cookie to every port of a host,
/// so each server has one of its own.
std::string sessionCookie(int port);

/// The value of a cookie of the request, or empty.
std::string_view cookieOf(const Headers& headers, std::string_view name);

/// Slows down whoever tries keys: more than kMost wrong ones from one address within a minute are
/// answered with 429. What is right is never refused for them. [any thread]
class WrongKeys {
 public:
  static constexpr int kMost = 20;
  explicit WrongKeys(const Clock& clock) : counts_(clock) {}
  /// Counts one. True: too many.
  bool add(const std::string& address) { return counts_.add(address).times > kMost; }

 private:
  MinuteCounts counts_;
};

/// What WrongKeys answers.
Response tooManyWrongKeys();

/// Who a request comes from, and whether this one may do what it asks for. [HTTP workers]
class Gate {
 public:
  struct Parts {
    Keys* keys;  ///< null: whoever reaches the address is an administrator
    const RequestQueues& queues;
    WrongKeys& wrongKeys;
    std::string cookie;  ///< sessionCookie()
  };
  explicit Gate(Parts parts) : parts_(std::move(parts)) {}

  /// Fills in the caller. An answer refuses the request: 401, 403 or 429. Throws Unavailable.
  std::optional<Response> operator()(Request& request, const Route& route) const;

 private:
  struct Shown {
    KeyKind kind = KeyKind::Token;
    std::string text;  ///< empty: no key was shown
  };
  Shown shownBy(const Request& request) const;
  std::optional<Response> refuseQueue(const Request& request, const RouteRight& right) const;

  const Parts parts_;
};

}  // namespace planwright
