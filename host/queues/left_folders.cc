#include "queues/left_folders.h"

#include <set>
#include <string>
#include <system_error>

#include "base/log.h"
#include "base/remove_tree.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

/// Their folders: a name with slashes is one in another.
std::set<std::string> sourceFolders(const QueueConfig& queue) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < queue.sources.size(); ++i)
    names.insert(fs::path(sourceName(queue.sources[i], i)).begin()->string());
  return names;
}

bool hasOpenInputs(const std::string& queue, Connection& connection) {
  return connection.run("has_open_inputs", {queue}).flag(0, 0);
}

void removeFolder(const fs::path& folder) {
  if (const auto failed = removeTree(folder))
    log::warn("what a source has left cannot be removed folder={}: {}", folder.string(),
              failed.message());
  else
    log::info("removed what a source has left folder={}", folder.string());
}

}  // namespace

void removeLeftSourceFolders(const fs::path& folder, const Config& config, Connection& connection) {
  std::error_code missing;
  for (const auto& ofQueue : fs::directory_iterator(folder, missing)) {
    const std::string name = ofQueue.path().filename().string();
    const QueueConfig* queue = config.queue(name);
    const auto used = queue ? sourceFolders(*queue) : std::set<std::string>{};
    std::vector<fs::path> left;
    for (const auto& ofSource : fs::directory_iterator(ofQueue.path(), missing))
      if (!used.contains(ofSource.path().filename().string())) left.push_back(ofSource.path());
    if (left.empty() || hasOpenInputs(name, connection)) continue;
    for (const auto& each : left) removeFolder(each);
    if (used.empty()) fs::remove(ofQueue.path(), missing);  // if nothing is in it
  }
}

}  // namespace planwright
