#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include <pthread.h>

namespace planwright {

/// A named thread ("pw-plan-0", at most 15 characters) that is asked to stop and joined by its
/// destructor.
inline std::jthread startThread(const std::string& name,
                                std::function<void(std::stop_token)> body) {
  return std::jthread([name, body = std::move(body)](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    body(stop);
  });
}

/// Waits that long, or until a stop is asked for. True: the whole time passed.
inline bool sleepFor(std::chrono::nanoseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace planwright
