#pragma once

#include "application/configuration.h"
#include "config/config.h"

namespace planwright {

/// Runs the host until SIGTERM or SIGINT. Prints the one ready line on stdout, everything else on
/// stderr. Returns the exit code: 0 after a clean drain, 1 if it could not start (the reason is on
/// stderr).
int serve(const Config& config, const ServeOptions& options);

}  // namespace planwright
