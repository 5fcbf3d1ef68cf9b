#pragma once

#include <filesystem>
#include <vector>

#include "config/config.h"

namespace planwright {

/// Where plugins are looked for, in this order: bundled ones beside the program (`plugins/` in a
/// build tree,
/// `../lib/planwright/plugins` when installed), then `plugins.path` of the configuration.
std::vector<std::filesystem::path> pluginFolders(const Config& config);

}  // namespace planwright
