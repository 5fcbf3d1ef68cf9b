#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace planwright {

/// What a server answered, as text.
struct RawAnswer {
  int status = 0;
  std::string head;
  std::string body;
  bool isComplete = false;  ///< all of the promised body came

  /// The value of a header line, or "".
  std::string header(const std::string& name) const;
};

/// A client that says exactly what a test wants to be said, well formed or not. Blocking, 10 s at
/// most.
class RawClient {
 public:
  explicit RawClient(int port);

  bool send(std::string_view bytes);
  /// One answer with Content-Length, or up to the end of the connection; left-over bytes stay for
  /// the next.
  RawAnswer read(bool isHead = false);
  /// Everything until the connection is closed or `time` is over.
  std::string readAll(std::chrono::milliseconds time = std::chrono::seconds(10));
  /// True once the server has closed the connection (waits up to `time`).
  bool isClosedWithin(std::chrono::milliseconds time);
  /// Reads until `text` has come; false if it does not within `time`. What was read stays in
  /// received().
  bool waitFor(std::string_view text, std::chrono::milliseconds time = std::chrono::seconds(10));
  const std::string& received() const { return pending_; }

  void closeSending();
  void closeWithReset();
  void setReceiveBuffer(int bytes);
  int fd() const { return socket_.get(); }

 private:
  bool receive(std::chrono::steady_clock::time_point until);

  UniqueFd socket_;
  std::string pending_;
};

/// Sends one request line with Host and `fields` ("A: b\r\n") on a connection of its own.
RawAnswer ask(int port, const std::string& requestLine, const std::string& fields = {},
              const std::string& body = {});

}  // namespace planwright
