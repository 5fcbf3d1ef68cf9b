#pragma once

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stop_token>
#include <vector>

#include "base/guarded.h"

namespace planwright {

/// Results that wait for a group commit. The committer takes all that are there. So a single result
/// does not wait, and groups grow while a commit is under way. [any thread]
template <class T>
class Outbox {
 public:
  void add(T item) {
    items_.lock()->push_back(std::move(item));
    items_.notifyOne();
  }
  void add(std::vector<T> items) {
    {
      auto all = items_.lock();
      std::move(items.begin(), items.end(), std::back_inserter(*all));
    }
    items_.notifyOne();
  }
  /// Takes up to `max` results. Waits for the first one until the time is over or a stop is asked
  /// for.
  std::vector<T> take(std::size_t max, std::chrono::milliseconds wait,
                      const std::stop_token& stop) {
    auto all = items_.waitFor(wait, stop, [](const auto& items) { return !items.empty(); });
    std::vector<T> taken;
    if (all->size() <= max) {
      taken.swap(*all);
    } else {
      const auto end = all->begin() + static_cast<std::ptrdiff_t>(max);
      taken.assign(std::make_move_iterator(all->begin()), std::make_move_iterator(end));
      all->erase(all->begin(), end);
    }
    return taken;
  }
  bool empty() { return items_.lock()->empty(); }

 private:
  Guarded<std::vector<T>> items_;
};

}  // namespace planwright
