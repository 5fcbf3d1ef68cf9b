#pragma once

#include <optional>

#include <CLI/CLI.hpp>

#include "application/serve.h"
#include "cli/terminal.h"
#include "config/config.h"

namespace planwright::cli {

/// The configuration that `serve` would use: the file or the built-in one, with what the command
/// line says on top. Mistakes are printed, all of them; then there is none.
std::optional<Config> configurationOf(const ServeOptions& options, Terminal& terminal);

/// --config and --data of a command that works on what a host keeps.
void addHostOptions(CLI::App& command, ServeOptions& options);

}  // namespace planwright::cli
