#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "config/watched_folders.h"
#include "control/queue_settings.h"

namespace planwright {

std::optional<std::string> watchDirProblem(const std::string& path, const Config& config) {
  if (path.empty()) return "It must name a folder.";
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) return "The folder " + path + " cannot be used: " + error.message() + ".";
  if (!std::filesystem::is_directory(real, error)) return path + " is not a folder.";
  if (::access(real.c_str(), R_OK | X_OK) != 0) return "The folder " + path + " cannot be read.";
  const auto data = std::filesystem::weakly_canonical(config.dataFolder, error);
  if (!config.dataFolder.empty() && isWithin(real, data))
    return "It must lie outside the data folder " + config.dataFolder.string() + ".";
  const auto roots = watchRootsOf(config);
  std::string names;
  for (const auto& root : roots) {
    if (isWithin(real, std::filesystem::weakly_canonical(root, error))) return std::nullopt;
    names += (names.empty() ? "" : ", ") + root.string();
  }
  return fmt::format("It must lie below {}; watch_roots in the configuration file allows others.",
                     names.empty() ? "a folder that the configuration file names" : names);
}

}  // namespace planwright
