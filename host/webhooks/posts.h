#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address_range.h"

namespace planwright {

/// A POST to somewhere outside.
struct Post {
  std::int64_t id = 0;  ///< the caller's
  std::string url;
  std::vector<std::string> headers;  ///< "name: value"
  std::string body;
};

/// How a POST ended.
struct Posted {
  std::int64_t id = 0;
  int status = 0;                      ///< 0: no answer came
  std::string error = {};              ///< why none came
  std::string answer = {};             ///< the beginning of its body
  std::chrono::seconds retryAfter{0};  ///< what the answer asks for
};

/// Sends POSTs, many at once on one thread: who answers slowly keeps nobody else waiting. Redirects
/// are not followed, proxies of the environment are not used, an answer is read up to a bound, and
/// no connection is made to an address that is not public, unless `allowed` has it: that is decided
/// when the socket is made, whatever the name was resolved to. One thread.
class Posts {
 public:
  explicit Posts(std::chrono::milliseconds timeout);
  ~Posts();
  Posts(const Posts&) = delete;
  Posts& operator=(const Posts&) = delete;

  void start(Post post, std::vector<AddressRange> allowed);
  /// Those that ended, after at most that time.
  std::vector<Posted> wait(std::chrono::milliseconds time);
  std::size_t underWay() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Why nothing can be posted to this URL, or empty: it must be http or https with a host and
/// without a password, and an address that stands in it must be public or allowed.
std::string urlComplaint(const std::string& url, const std::vector<AddressRange>& allowed);

}  // namespace planwright
