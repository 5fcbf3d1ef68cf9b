#pragma once

#include <optional>
#include <string>

#include "application/serve.h"
#include "config/config_reader.h"

namespace planwright {

/// The configuration that a host with these options runs with, or every mistake in it: the file,
/// the settings of its plugins against their schemas, and over both the command line. `text`: as if
/// the file held this. Reads files; the working folder gives relative paths of the command line.
ReadConfig readConfiguration(const ServeOptions& options,
                             const std::optional<std::string>& text = std::nullopt);

}  // namespace planwright
