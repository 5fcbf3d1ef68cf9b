#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/guarded.h"

namespace planwright {

/// The first of what waits there; waits for it. Nothing: the time is over, or a stop was asked for.
template <class Item>
std::optional<Item> takeFrom(Guarded<std::deque<Item>>& waiting, std::chrono::nanoseconds time,
                             const std::stop_token& stop) {
  auto items = waiting.waitFor(time, stop, [](const auto& now) { return !now.empty(); });
  if (items->empty() || stop.stop_requested()) return std::nullopt;
  std::optional<Item> first(std::move(items->front()));
  items->pop_front();
  return first;
}

}  // namespace planwright
