#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace planwright {

/// A value that can only be reached locked, with the condition variable that announces its changes.
///   auto size = size_.lock(); size->running++; ... size_.notifyAll();
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  class Lock {
   public:
    T* operator->() { return value_; }
    T& operator*() { return *value_; }

   private:
    friend class Guarded;
    Lock(std::mutex& mutex, T* value) : lock_(mutex), value_(value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  Lock lock() { return Lock(mutex_, &value_); }

  /// Holds the lock and returns once `ready(value)`, the time is over or a stop is asked for.
  template <class Ready>
  Lock waitFor(std::chrono::nanoseconds time, const std::stop_token& stop, Ready ready) {
    Lock lock = this->lock();
    changed_.wait_for(lock.lock_, stop, time, [&] { return ready(*lock); });
    return lock;
  }

  void notifyOne() { changed_.notify_one(); }
  void notifyAll() { changed_.notify_all(); }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  T value_{};
};

}  // namespace planwright
