#pragma once

#include "control/event_feed.h"
#include "http/hub.h"

namespace planwright {

/// The event feed's way into the hub. [any thread]
class HubSink final : public EventSink {
 public:
  explicit HubSink(Hub& hub) : hub_(hub) {}

  void startAt(const EventPlace& place) override { hub_.startAt(place.order()); }
  void publish(StoredEvent event) override { hub_.publish(message(std::move(event))); }
  std::size_t subscribers() override { return hub_.counts().subscribers; }

  static EventMessage message(StoredEvent event) {
    return {.order = event.place.order(),
            .id = event.place.text(),
            .type = std::move(event.type),
            .subject = std::move(event.subject),
            .queue = std::move(event.queue),
            .data = std::move(event.json)};
  }

 private:
  Hub& hub_;
};

}  // namespace planwright
