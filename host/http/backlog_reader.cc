#include "http/backlog_reader.h"

#include <stdexcept>

#include "base/log.h"
#include "base/take_from.h"
#include "base/threads.h"

namespace planwright {

namespace {

constexpr std::size_t kPageMessages = 500;

BacklogReader::Page read(const BacklogReader::Order& order) {
  BacklogReader::Page page{order.client, order.knownUpTo, {}, false};
  try {
    page.messages = order.read(order.after, kPageMessages);
  } catch (const std::exception& e) {
    log::warn("event stream ended error={}", e.what());
    page.failed = true;
  }
  return page;
}

}  // namespace

BacklogReader::BacklogReader(std::function<void(Page)> deliver)
    : deliver_(std::move(deliver)),
      thread_(startThread("pw-http-feed", [this](const std::stop_token& stop) { run(stop); })) {}

void BacklogReader::order(Order order) {
  orders_.lock()->push_back(std::move(order));
  orders_.notifyOne();
}

void BacklogReader::check(std::uint64_t client, EventOrder at, std::function<bool()> isAllowed) {
  order({client, at, {}, [isAllowed = std::move(isAllowed)](const EventOrder&, std::size_t) {
           if (!isAllowed()) throw std::runtime_error("its caller may not read any more");
           return std::vector<EventMessage>();
         }});
}

void BacklogReader::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto order = takeFrom(orders_, std::chrono::hours(1), stop);
    if (order) deliver_(read(*order));
  }
}

void BacklogReader::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace planwright
