#pragma once

#include <filesystem>
#include <vector>

#include "config/config.h"
#include "config/section_reader.h"

namespace planwright {

/// Complains about two sources that would both take a file of one folder.
void checkWatchedFolders(const Config& config, ConfigProblems& problems);

/// Folders below which people may move a watched one: `watch_roots`, else those that the file names
/// itself. Without a file, the folder in which the host was started, which holds `input`.
std::vector<std::filesystem::path> watchRootsOf(const Config& config);

/// Whether `path` is `folder` or lies below it. Compares names only: both should be canonical.
bool isWithin(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace planwright
