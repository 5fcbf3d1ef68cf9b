#pragma once

#include <deque>
#include <memory>
#include <string>

#include "http/event_message.h"

namespace planwright {

/// A message as it goes over the wire, made once and shared by all who get it.
using EventFrame = std::shared_ptr<const std::string>;

/// "id: …\ndata: …\n\n"; each line of the data gets a `data:` of its own.
EventFrame makeFrame(const EventMessage& message);

/// The latest messages, oldest first, bounded in number and bytes. Belongs to the hub thread.
class EventMemory {
 public:
  struct Entry {
    EventMessage message;
    EventFrame frame;
  };

  explicit EventMemory(std::size_t maxMessages) : maxMessages_(maxMessages) {}

  /// Drops everything. Messages up to `order` must be read elsewhere.
  void startAt(const EventOrder& order);
  /// False: not newer than the last one, ignored.
  bool add(EventMessage message);

  /// Whether everything after `position` is here.
  bool covers(const EventOrder& position) const { return position >= forgottenUpTo_; }
  const EventOrder& forgottenUpTo() const { return forgottenUpTo_; }
  const EventOrder& last() const { return last_; }
  const Entry& newest() const { return entries_.back(); }
  /// The first message after the place, or null.
  const Entry* firstAfter(const EventOrder& position) const;

 private:
  const std::size_t maxMessages_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  EventOrder forgottenUpTo_{};
  EventOrder last_{};
};

}  // namespace planwright
