#pragma once

#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/guarded.h"
#include "control/event_log.h"

namespace planwright {

/// Where the feed sends events to: the hub of the HTTP server. [any thread]
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// Events up to this place are not published any more. Whoever misses them reads them from the
  /// log.
  virtual void startAt(const EventPlace& place) = 0;
  virtual void publish(StoredEvent event) = 0;
  virtual std::size_t subscribers() = 0;
};

/// Brings committed events to the open event streams, and rings between hosts. While nobody listens
/// it reads nothing: the first subscriber makes it start at the newest place, and who wants older
/// ones reads the log up to there. Threads: "pw-events" publishes and forwards local rings as one
/// NOTIFY per kRingEvery; "pw-listen" hears the other hosts' and rings here. Owned by Application.
/// [any thread]
class EventFeed {
 public:
  /// `sink` and `parts` outlive the feed.
  EventFeed(const ControlParts& parts, EventSink& sink);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void start();
  void stop();

  /// For a new subscriber, before its stream is opened: from now on, until kLinger after the last
  /// subscriber has left, every event after the place that it returns is published.
  EventPlace attach();
  const EventLog& log() const { return log_; }

  /// Publishes the next page, if somebody listens. True: there is more, or soon will be. For tests
  /// and the thread.
  bool step();

 private:
  struct State {
    bool isActive = false;
    EventPlace place;  ///< published up to here
    SteadyTime usedAt;
  };
  void publishLoop(const std::stop_token& stop);
  void listenLoop(const std::stop_token& stop);
  void forwardRings(std::uint64_t rings);

  const ControlParts& parts_;
  EventSink& sink_;
  const EventLog log_;
  Guarded<State> state_;
  Guarded<std::uint64_t> heard_;  ///< rings of the bell that came from NOTIFY
  std::uint64_t forwarded_ = 0;   ///< own rings that others know of [pw-events]
  std::jthread publisher_;
  std::jthread listener_;
};

}  // namespace planwright
