#include "base/service_state.h"

#include "base/log.h"

namespace planwright {

void ServiceState::lost(const std::string& why) {
  auto problem = problem_.lock();
  const bool isNew = *problem != why;
  *problem = why;
  if (away_.load(std::memory_order_relaxed)) {
    if (isNew) log::warn("{} is still away: {}", name_, why);
    return;
  }
  since_ = std::chrono::steady_clock::now();
  away_.store(true, std::memory_order_release);
  log::warn("{} is away: {}", name_, why);
}

std::chrono::milliseconds ServiceState::back() {
  auto problem = problem_.lock();
  if (!away_.load(std::memory_order_relaxed)) return {};
  problem->clear();
  away_.store(false, std::memory_order_release);
  const auto away =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since_);
  log::info("{} is back after={}ms", name_, away.count());
  return away;
}

}  // namespace planwright
