#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace planwright::cli {

/// The whole program: parses `argv`, runs one command, returns its exit code (the table is in
/// README.md).
int run(int argc, char** argv);

/// The same on any terminal; `arguments` without the program's name. Catches every exception.
int run(std::vector<std::string> arguments, Terminal terminal);

}  // namespace planwright::cli
