#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>

#include <unistd.h>

#include "control/queue_settings.h"

namespace planwright {

namespace {

/// Both canonical.
bool isWithin(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end() || (std::next(end) == folder.end() && end->empty());
}

}  // namespace

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
  if (config.watchRoots.empty()) return std::nullopt;
  for (const auto& root : config.watchRoots)
    if (isWithin(real, std::filesystem::weakly_canonical(root, error))) return std::nullopt;
  std::string roots;
  for (const auto& root : config.watchRoots) roots += (roots.empty() ? "" : ", ") + root.string();
  return "It must lie below one of watch_roots: " + roots + ".";
}

}  // namespace planwright
