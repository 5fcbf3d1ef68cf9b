#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "http/event_message.h"
#include "http/transfer.h"

namespace planwright {

struct HubLimits {
  std::size_t queueBytes =
      512 * 1024;                   ///< per event client; more unread than this and it is dropped
  std::size_t keptMessages = 2000;  ///< how many recent messages the hub remembers
  std::chrono::milliseconds heartbeat{15'000};
  std::chrono::milliseconds recheck{5'000};  ///< how often callers of event streams are looked up
  std::chrono::milliseconds stall{30'000};   ///< no byte taken for so long: dropped
  std::size_t makers = 4;  ///< threads for answers that are made while they are sent
};

struct HubCounts {
  std::size_t connections = 0;  ///< sockets the hub owns now
  std::size_t subscribers = 0;  ///< event clients among them
  std::uint64_t dropped = 0;    ///< clients let go because they did not read
  std::uint64_t published = 0;
};

/// Owns the sockets of answers that may take long: event streams, files, large bodies, slow
/// readers. One thread with its own epoll does all writing, a second one reads backlogs, a few make
/// pieces of archives and logs; none of them nor an HTTP worker ever waits for a client. Owned by
/// the Server. [any thread] for all public functions.
class Hub {
 public:
  explicit Hub(HubLimits limits = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Sends the message to every subscriber that wants it. `order` must rise; older messages are
  /// ignored.
  void publish(EventMessage message);
  /// Everything up to here was published before this process started. Call before the first
  /// publish, so that clients that resume are fed from their backlog.
  void startAt(const EventOrder& order);

  HubCounts counts() const;
  /// Drops all connections and ends the threads; nothing is sent after it returns.
  void stop();

  /// For the connection only: sends all of it, then closes the socket.
  void adopt(Transfer transfer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
