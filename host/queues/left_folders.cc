#include "queues/left_folders.h"

#include <set>
#include <string>
#include <system_error>

#include "base/log.h"
#include "base/remove_tree.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

/// Their folders: a name with slashes is one in another.
Names sourceFolders(const QueueConfig& queue) {
  Names names;
  for (std::size_t i = 0; i < queue.sources.size(); ++i)
    names.insert(fs::path(sourceName(queue.sources[i], i)).begin()->string());
  return names;
}

Names plannerFolders(const QueueConfig& queue) {
  Names names;
  for (const auto& planner : queue.planners) names.insert(planner.plugin);
  return names;
}

bool hasOpenInputs(const std::string& queue, Connection& connection) {
  return connection.run("has_open_inputs", {queue}).flag(0, 0);
}

void removeFolder(const fs::path& folder) {
  if (const auto failed = removeTree(folder))
    log::warn("what a stage has left cannot be removed folder={}: {}", folder.string(),
              failed.message());
  else
    log::info("removed what a stage has left folder={}", folder.string());
}

/// `used` names the folders of a queue that stay; `isWanted` says of a queue that all of them do.
template <class Used, class IsWanted>
void removeLeft(const fs::path& folder, const Config& config, Used used, IsWanted isWanted) {
  std::error_code missing;
  for (const auto& ofQueue : fs::directory_iterator(folder, missing)) {
    const std::string name = ofQueue.path().filename().string();
    const QueueConfig* queue = config.queue(name);
    const Names names = queue ? used(*queue) : Names{};
    std::vector<fs::path> left;
    for (const auto& ofStage : fs::directory_iterator(ofQueue.path(), missing))
      if (!names.contains(ofStage.path().filename().string())) left.push_back(ofStage.path());
    if (left.empty() || isWanted(name)) continue;
    for (const auto& each : left) removeFolder(each);
    if (names.empty()) fs::remove(ofQueue.path(), missing);  // if nothing is in it
  }
}

}  // namespace

void removeLeftSourceFolders(const fs::path& folder, const Config& config, Connection& connection) {
  removeLeft(folder, config, sourceFolders,
             [&](const std::string& queue) { return hasOpenInputs(queue, connection); });
}

void removeLeftPlannerFolders(const fs::path& folder, const Config& config) {
  removeLeft(folder, config, plannerFolders, [](const std::string&) { return false; });
}

}  // namespace planwright
