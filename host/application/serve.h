#pragma once

#include <optional>
#include <string>

#include "config/config.h"

namespace planwright {

/// What the command line of `planwright serve` said. Already applied to the Config; kept so that
/// messages can name where a value came from.
struct ServeOptions {
  std::optional<std::string> configFile;
  std::optional<std::string> dataFolder;
  std::optional<std::string> listen;
  std::optional<std::string> roles;
};

/// Runs the host until SIGTERM or SIGINT. Prints the one ready line on stdout, everything else on
/// stderr. Returns the exit code: 0 after a clean drain, 1 if it could not start (the reason is on
/// stderr).
int serve(const Config& config, const ServeOptions& options);

}  // namespace planwright
