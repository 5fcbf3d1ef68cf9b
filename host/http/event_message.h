#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace planwright {

/// Place of an event in the stream: (epoch, xid, id). Compares in reading order.
using EventOrder = std::array<std::uint64_t, 3>;

/// One event for the page. A value.
struct EventMessage {
  EventOrder order{};   ///< strictly rising from publish to publish
  std::string id;       ///< the cursor as text; comes back as Last-Event-ID
  std::string type;     ///< for filters only; the wire has no `event:` line
  std::string subject;  ///< for filters only
  std::string queue;    ///< for filters only; may be empty
  std::string data;     ///< JSON on one line
};

inline constexpr const char* kEndOfStream = "end";

/// What a new event-stream client wants. Nothing is lost or doubled: the hub keeps the latest
/// messages; a client whose `after` is older than those is fed from `backlog`, page by page and
/// only as fast as it reads, until the hub's own memory covers the rest.
struct EventSubscription {
  std::optional<EventOrder> after;                 ///< nullopt = only what comes from now on
  std::function<bool(const EventMessage&)> wants;  ///< empty = everything. [hub thread]
  /// The next stored messages after the place, in order, at most `limit`, whether wanted or not;
  /// empty = none. May block on the database; if it throws, the client is let go and comes back.
  /// [pw-http-feed]
  std::function<std::vector<EventMessage>(const EventOrder& after, std::size_t limit)> backlog;
  /// Whether its caller may still read it; asked every HubLimits::recheck. The stream ends with a
  /// no, or if it throws. Empty: nobody asks. [pw-http-feed]
  std::function<bool()> isStillAllowed;
  /// Not 0: a stream of its own, such as a log. All messages come from `backlog`, which is asked
  /// again so long after it had none; one with the type kEndOfStream is the last.
  std::chrono::milliseconds repeat{0};
  bool isOwn() const { return repeat.count() > 0; }
};

}  // namespace planwright
