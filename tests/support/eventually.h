#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace planwright {

/// Looks again and again until `holds`, at most so long. For integration tests only, where time is
/// real.
inline bool eventually(const std::function<bool()>& holds,
                       std::chrono::milliseconds time = std::chrono::seconds(10)) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace planwright
