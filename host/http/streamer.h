#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "http/response.h"

namespace planwright {

struct StreamLimits {
  std::size_t threads = 8;                  ///< answers at once; more wait their turn
  std::chrono::milliseconds stall{30'000};  ///< no byte taken for so long: dropped
};

/// Sends answers that are made while they are sent, such as archives: each on a thread of its own
/// ("pw-http-stream"), since making one reads files and the database. Memory per answer is one
/// chunk. An answer that cannot be finished ends without its last chunk, so the client sees that it
/// is broken. Owned by the Server. [any thread]
class Streamer {
 public:
  explicit Streamer(StreamLimits limits = {});
  ~Streamer();
  Streamer(const Streamer&) = delete;
  Streamer& operator=(const Streamer&) = delete;

  struct Answer {
    UniqueFd socket;
    std::string head;
    StreamBody body;
    bool isChunked = true;  ///< false: HTTP/1.0, the end of the connection ends the body
  };
  /// Sends all of it, then closes the socket.
  void adopt(Answer answer);
  /// Drops what is being sent and ends the threads.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
