#include "workers/alone_turns.h"

#include <chrono>

#include "base/threads.h"

namespace planwright {

bool AloneTurns::step(SteadyTime now, const std::stop_token& stop) {
  if (areOn() && !doors_.isEmpty(stop)) return true;
  if (!areOn() && now < nextLook_) return false;
  const auto next = doors_.dueAlone();
  nextLook_ = now + std::chrono::seconds(1);
  areOn_.store(!next.empty(), std::memory_order_release);
  if (next.empty()) return false;
  if (doors_.isEmpty(stop) && !doors_.claimAlone(next))
    sleepFor(std::chrono::milliseconds(200), stop);  // another host has it, or the queue is paused
  return true;
}

}  // namespace planwright
