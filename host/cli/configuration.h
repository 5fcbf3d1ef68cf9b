#pragma once

#include <optional>

#include "application/serve.h"
#include "cli/terminal.h"
#include "config/config.h"

namespace planwright::cli {

/// The configuration that `serve` would use: the file or the built-in one, with what the command
/// line says on top. Mistakes are printed, all of them; then there is none.
std::optional<Config> configurationOf(const ServeOptions& options, Terminal& terminal);

}  // namespace planwright::cli
