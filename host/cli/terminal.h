#pragma once

#include <ostream>
#include <string>
#include <string_view>

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

/// Text from a server without control characters, so that a file name cannot drive the terminal.
std::string printable(std::string_view text);

/// A terminal for this process: stdout and stderr, colours by NO_COLOR, TERM and `choice`
/// (auto|always|never).
Terminal processTerminal();
void chooseColor(Terminal& terminal, std::string_view choice);

}  // namespace planwright::cli
