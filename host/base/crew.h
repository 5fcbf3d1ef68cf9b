#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/threads.h"

namespace planwright {

/// A few threads that work off items in their order. Each is started when there is more to do than
/// the others can begin. [any thread]
template <class Item>
class Crew {
 public:
  /// `work` is called on the threads, `most` of them, and throws nothing.
  Crew(std::string name, std::size_t most, std::function<void(Item)> work)
      : name_(std::move(name)),
        most_(most),
        work_(std::move(work)) {}
  ~Crew() { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void add(Item item) {
    {
      auto now = now_.lock();
      if (now->isStopped) return;
      now->items.push_back(std::move(item));
      if (now->items.size() > now->idle && now->threads.size() < most_) {
        now->threads.push_back(
            startThread(name_, [this](const std::stop_token& stop) { run(stop); }));
        ++now->idle;
      }
    }
    now_.notifyOne();
  }

  /// How many items wait or are worked on.
  std::size_t count() {
    auto now = now_.lock();
    return now->items.size() + now->threads.size() - now->idle;
  }

  /// Drops what nobody has begun and ends the threads.
  void stop() {
    std::vector<std::jthread> threads;
    {
      auto now = now_.lock();
      now->isStopped = true;
      threads = std::move(now->threads);
      now->items.clear();
    }
    for (auto& thread : threads) thread.request_stop();
    threads.clear();
  }

 private:
  struct Now {
    std::deque<Item> items;
    std::size_t idle = 0;  ///< threads that wait for one
    std::vector<std::jthread> threads;
    bool isStopped = false;
  };

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Item item;
      {
        auto now = now_.waitFor(std::chrono::hours(1), stop,
                                [](const Now& all) { return !all.items.empty(); });
        if (now->items.empty()) continue;
        item = std::move(now->items.front());
        now->items.pop_front();
        --now->idle;
      }
      work_(std::move(item));
      ++now_.lock()->idle;
    }
  }

  const std::string name_;
  const std::size_t most_;
  const std::function<void(Item)> work_;
  Guarded<Now> now_;
};

}  // namespace planwright
