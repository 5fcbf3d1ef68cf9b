#include "control/event_feed.h"

#include <chrono>

#include "base/log.h"
#include "base/threads.h"

namespace planwright {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr int kPage = 500;
constexpr auto kGather = 5ms;  ///< after a ring: what follows from it comes first, and goes along
constexpr auto kRingEvery = 20ms;  ///< at most; also the least time between two reads
constexpr auto kLookAgain = 10ms;  ///< when rows wait for an older transaction to end
constexpr auto kIdleWait = 500ms;  ///< without a ring: another host's may be lost
constexpr auto kLinger = 10s;
constexpr auto kAfterFailure = 1s;
constexpr long kListenMilliseconds = 500;

}  // namespace

EventFeed::EventFeed(const ControlParts& parts, EventSink& sink)
    : parts_(parts),
      sink_(sink),
      log_(parts) {}

EventFeed::~EventFeed() {
  stop();
}

void EventFeed::start() {
  publisher_ = startThread("pw-events", [this](const std::stop_token& stop) { publishLoop(stop); });
  listener_ = startThread("pw-listen", [this](const std::stop_token& stop) { listenLoop(stop); });
}

void EventFeed::stop() {
  publisher_.request_stop();
  listener_.request_stop();
  if (publisher_.joinable()) publisher_.join();
  if (listener_.joinable()) listener_.join();
}

EventPlace EventFeed::attach() {
  auto state = state_.lock();
  state->usedAt = parts_.clock.steady();
  if (state->isActive) return state->place;
  state->place = log_.newest();
  sink_.startAt(state->place);
  state->isActive = true;
  return state->place;
}

bool EventFeed::step() {
  auto state = state_.lock();
  if (!state->isActive) return false;
  if (sink_.subscribers() > 0) state->usedAt = parts_.clock.steady();
  if (parts_.clock.steady() - state->usedAt > kLinger) {
    state->isActive = false;
    return false;
  }
  auto events = log_.after(state->place, kPage);
  parts_.metrics.add("planwright_events_published_total", {}, static_cast<double>(events.size()));
  const bool isFull = events.size() == kPage;
  for (auto& event : events) {
    state->place = event.place;
    sink_.publish(std::move(event));
  }
  return isFull || log_.isHeldBack();
}

void EventFeed::publishLoop(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  std::chrono::milliseconds wait = 0ms;
  while (!stop.stop_requested()) {
    seen = parts_.bell.wait(seen, wait, stop);
    sleepFor(kGather, stop);
    seen = parts_.bell.wait(seen, 0ms, stop);
    try {
      forwardRings(seen);
      const bool isMore = step();
      sleepFor((isMore ? kLookAgain : kRingEvery) - kGather, stop);
      wait = isMore ? 0ms : kIdleWait;
    } catch (const std::exception& e) {
      log::warn("published no events: {}", e.what());
      sleepFor(kAfterFailure, stop);
      wait = 0ms;
    }
  }
}

void EventFeed::forwardRings(std::uint64_t rings) {
  const std::uint64_t own = rings - std::min(rings, *heard_.lock());
  if (own <= forwarded_) return;
  parts_.database.lease()->run("events_ring");
  forwarded_ = own;
}

void EventFeed::listenLoop(const std::stop_token& stop) {
  const auto connection = parts_.database.dedicated(Workload::Queries);
  bool isListening = false;
  while (!stop.stop_requested()) {
    try {
      const bool wasListening = isListening;
      if (!isListening) connection->listen("planwright");
      isListening = true;
      if (!connection->awaitNotification(kListenMilliseconds) && wasListening) continue;
      ++*heard_.lock();
      parts_.bell.ring();
    } catch (const std::exception& e) {
      isListening = false;
      connection->close();
      log::warn("heard no rings of other hosts: {}", e.what());
      sleepFor(kAfterFailure, stop);
    }
  }
}

}  // namespace planwright
