#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "control/queue_settings.h"

namespace planwright {

namespace {

/// Both canonical.
bool isWithin(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end() || (std::next(end) == folder.end() && end->empty());
}

/// Where people may move a watched folder to: what the file says, else the folders that it names
/// itself. Without a file, the folder in which the host was started, which holds `input`.
std::vector<std::filesystem::path> rootsOf(const Config& config) {
  if (!config.watchRoots.empty()) return config.watchRoots;
  std::vector<std::filesystem::path> roots;
  for (const auto& queue : config.queues)
    for (const auto& source : queue.sources) {
      const auto settings = parseJson(source.settingsJson);
      const std::filesystem::path path = settings ? textOr(*settings, "path") : "";
      if (source.plugin != "planwright.folder" || path.empty()) continue;
      roots.push_back(config.file.empty() ? path.parent_path() : path);
    }
  return roots;
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
  const auto roots = rootsOf(config);
  std::string names;
  for (const auto& root : roots) {
    if (isWithin(real, std::filesystem::weakly_canonical(root, error))) return std::nullopt;
    names += (names.empty() ? "" : ", ") + root.string();
  }
  return fmt::format("It must lie below {}; watch_roots in the configuration file allows others.",
                     names.empty() ? "a folder that the configuration file names" : names);
}

}  // namespace planwright
