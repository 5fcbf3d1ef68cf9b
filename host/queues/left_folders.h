#pragma once

#include <filesystem>

#include "config/config.h"
#include "store/database.h"

namespace planwright {

/// Removes from `<folder>/QUEUE/SOURCE` what sources kept that `config` does not have any more,
/// unless inputs of their queue still wait to be planned. What is there can be made again: a source
/// may find its folder empty at any start. Called before any source runs.
void removeLeftSourceFolders(const std::filesystem::path& folder, const Config& config,
                             Connection& connection);

/// The same for `<folder>/QUEUE/PLUGIN` of planners, whether inputs wait or not.
void removeLeftPlannerFolders(const std::filesystem::path& folder, const Config& config);

}  // namespace planwright
