#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include <signal.h>

namespace planwright::cli {

/// Where a command writes: data on `out`, everything else on `err`. Made by cli::run, or by a test.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool outIsTerminal = false;
  bool errIsTerminal = false;
  bool color = false;  ///< colour may be added to words; never instead of them

  /// The word, coloured by what it says ("failed" red, "built" green, …) if colours are on.
  std::string status(std::string_view word) const;
};

/// Text from a server on one line, with escapes for what could drive the terminal or deceive the
/// eye.
std::string printable(std::string_view text);

/// A terminal for this process: stdout and stderr, colours by NO_COLOR, TERM and `choice`
/// (auto|always|never).
Terminal processTerminal();
void chooseColor(Terminal& terminal, std::string_view choice);

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
