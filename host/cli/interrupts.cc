#include "cli/interrupts.h"

#include <csignal>

#include <time.h>

namespace planwright::cli {
namespace {

volatile std::sig_atomic_t gInterrupted = 0;  // a signal handler can reach nothing else

void onInterrupt(int) {
  gInterrupted = 1;
}

}  // namespace

Interrupts::Interrupts() {
  gInterrupted = 0;
  struct sigaction action {};
  action.sa_handler = onInterrupt;  // no SA_RESTART: a wait ends at once
  sigaction(SIGINT, &action, &before_);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &before_, nullptr);
}

bool Interrupts::interrupted() const {
  return gInterrupted != 0;
}

bool Interrupts::wait(std::chrono::milliseconds time) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec span{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
  if (!interrupted()) nanosleep(&span, nullptr);
  return !interrupted();
}

}  // namespace planwright::cli
