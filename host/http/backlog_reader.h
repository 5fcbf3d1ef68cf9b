#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "http/event_message.h"

namespace planwright {

/// Reads stored events for the hub's clients that are behind, one page at a time, on a thread of
/// its own ("pw-http-feed"), since the database may block. Owned by the Hub.
class BacklogReader {
 public:
  struct Order {
    std::uint64_t client = 0;
    EventOrder after{};
    EventOrder knownUpTo{};  ///< an empty page means: nothing is left up to here
    std::function<std::vector<EventMessage>(const EventOrder&, std::size_t)> read;
  };
  struct Page {
    std::uint64_t client = 0;
    EventOrder knownUpTo{};
    std::vector<EventMessage> messages;
    bool failed = false;
  };

  /// `deliver` is called on the reader's thread.
  explicit BacklogReader(std::function<void(Page)> deliver);
  void order(Order order);
  /// Orders a page without messages, which fails if `isAllowed` says no. `at`: where the client is.
  void check(std::uint64_t client, EventOrder at, std::function<bool()> isAllowed);
  void stop();

 private:
  void run(const std::stop_token& stop);

  const std::function<void(Page)> deliver_;
  Guarded<std::deque<Order>> orders_;
  std::jthread thread_;
};

}  // namespace planwright
