#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"
#include "config/config_node.h"
#include "config/section_reader.h"

namespace planwright {

/// Reads one queue whose `defaults:` are merged in already. `folder`: relative paths start there.
QueueConfig readQueue(const std::string& name, const ConfigNode& node,
                      const std::filesystem::path& folder, ConfigProblems& problems);

/// Checks `locked:` of the file or of a queue.
std::set<std::string> readLocked(SectionReader& section);

}  // namespace planwright
