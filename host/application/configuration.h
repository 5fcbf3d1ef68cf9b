#pragma once

#include <optional>
#include <string>

#include "config/config_reader.h"

namespace planwright {

/// What the command line of `planwright serve` said. Already applied to the Config; kept so that
/// messages can name where a value came from.
struct ServeOptions {
  std::optional<std::string> configFile;
  std::optional<std::string> dataFolder;
  std::optional<std::string> listen;
  std::optional<std::string> roles;
};

/// The configuration that a host with these options runs with, or every mistake in it: the file,
/// the settings of its plugins against their schemas, and over both the command line. `text`: as if
/// the file held this. Reads files; the working folder gives relative paths of the command line.
ReadConfig readConfiguration(const ServeOptions& options,
                             const std::optional<std::string>& text = std::nullopt);

}  // namespace planwright
