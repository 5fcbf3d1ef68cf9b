#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace planwright {

/// Remembers costly answers for a moment: at least kFresh, and long enough that computing them
/// takes at most a twentieth of the time. Many pages that poll cost as much as one. [any thread]
template <class T>
class TimedCache {
 public:
  explicit TimedCache(const Clock& clock) : clock_(clock) {}

  /// The remembered value of that key, else `compute()`, which may run in several threads at once
  /// the first time. What it throws is not remembered.
  template <class Compute>
  T get(const std::string& key, Compute compute) {
    const SteadyTime start = clock_.steady();
    {
      auto entries = entries_.lock();
      const auto found = entries->find(key);
      if (found != entries->end()) {
        if (start < found->second.until) return found->second.value;
        found->second.until = start + kFresh;  // others make do with the old one meanwhile
      }
    }
    T value = compute();
    const SteadyTime end = clock_.steady();
    auto entries = entries_.lock();
    if (entries->size() >= kMostEntries) entries->clear();
    entries->insert_or_assign(key, Entry{value, end + std::max(kFresh, (end - start) * 20)});
    return value;
  }
  void forget() { entries_.lock()->clear(); }

 private:
  static constexpr SteadyTime::duration kFresh = std::chrono::milliseconds(500);
  static constexpr std::size_t kMostEntries = 256;
  struct Entry {
    T value;
    SteadyTime until;
  };

  const Clock& clock_;
  Guarded<std::map<std::string, Entry>> entries_;
};

}  // namespace planwright
