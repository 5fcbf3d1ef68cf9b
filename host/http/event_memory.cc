#include "http/event_memory.h"

#include <algorithm>
#include <string_view>

namespace planwright {

namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

}  // namespace

EventFrame makeFrame(const EventMessage& message) {
  std::string text;
  text.reserve(message.id.size() + message.data.size() + 16);
  text.append("id: ").append(message.id).append("\n");
  std::string_view data = message.data;
  while (true) {
    const std::size_t end = data.find('\n');
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  text.append("\n");
  return std::make_shared<const std::string>(std::move(text));
}

void EventMemory::startAt(const EventOrder& order) {
  entries_.clear();
  bytes_ = 0;
  forgottenUpTo_ = last_ = order;
}

bool EventMemory::add(EventMessage message) {
  if (message.order <= last_) return false;
  last_ = message.order;
  EventFrame frame = makeFrame(message);
  bytes_ += frame->size();
  entries_.push_back({std::move(message), std::move(frame)});
  while (entries_.size() > 1 && (entries_.size() > maxMessages_ || bytes_ > kMaxBytes)) {
    forgottenUpTo_ = entries_.front().message.order;
    bytes_ -= entries_.front().frame->size();
    entries_.pop_front();
  }
  return true;
}

const EventMemory::Entry* EventMemory::firstAfter(const EventOrder& position) const {
  const auto found = std::upper_bound(
      entries_.begin(), entries_.end(), position,
      [](const EventOrder& order, const Entry& entry) { return order < entry.message.order; });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace planwright
