#pragma once

#include <optional>
#include <string>
#include <vector>

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

/// Adds them in the order of the file, but for places where something is wrong already: what is
/// read there may be a fallback.
void addProblems(ReadConfig& read, std::vector<ConfigProblem> more);

/// What the configuration names and this machine does not have, each with its place: files of
/// secrets, and folders that a queue watches. A host starts without them; what needs them waits.
std::vector<ConfigProblem> missingFiles(const Config& config);

/// Why plugins.lock cannot be used although `require_lock` says so, with the place; a host does not
/// start then. Nothing otherwise.
std::optional<ConfigProblem> lockProblem(const Config& config);

}  // namespace planwright
