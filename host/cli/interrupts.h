#pragma once

#include <chrono>

#include <signal.h>

namespace planwright::cli {

/// While it lives, Ctrl-C sets a flag instead of ending the program, so that a watching command can
/// say what goes on without it. One at a time, on the main thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool interrupted() const;
  /// Waits that long or until Ctrl-C. False: interrupted.
  bool wait(std::chrono::milliseconds time) const;

 private:
  struct sigaction before_ {};
};

}  // namespace planwright::cli
