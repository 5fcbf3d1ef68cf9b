#pragma once

#include <filesystem>
#include <vector>

#include "config/config.h"

namespace planwright {

/// Where the plugins that come with the program are: beside it (`plugins/` in a build tree,
/// `../lib/planwright/plugins` when installed).
std::vector<std::filesystem::path> bundledPluginFolders();

/// Where plugins are looked for, in this order: the bundled ones, then `plugins.path` of the
/// configuration.
std::vector<std::filesystem::path> pluginFolders(const Config& config);

}  // namespace planwright
