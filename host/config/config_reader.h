#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace planwright {

/// What reading gives: the values, and every mistake at once in the order of the file. Use `config`
/// only if there is no problem.
struct ReadConfig {
  Config config;
  std::vector<ConfigProblem> problems;
  bool ok() const { return problems.empty(); }
};

/// Reads a YAML file (the format is in config/README.md). Relative paths are taken from the folder
/// of the file, what the file leaves out from builtInConfig(workingFolder). A file that cannot be
/// read is a problem too.
ReadConfig readConfigFile(const std::filesystem::path& file,
                          const std::filesystem::path& workingFolder);

/// The same for a text. `file` is the name in places, and its folder is where relative paths start.
ReadConfig readConfigText(std::string_view text, const std::filesystem::path& file,
                          const std::filesystem::path& workingFolder);

/// "api,plan" -> roles; Invalid names the roles there are.
Result<Roles> parseRoles(std::string_view text);

}  // namespace planwright
