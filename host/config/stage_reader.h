#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/config_node.h"
#include "config/section_reader.h"
#include "config/stage_config.h"

namespace planwright {

/// Where a stage stands: its JSON pointer, its name for messages, and the folder of relative paths.
struct StagePosition {
  std::string pointer;
  std::string what;
  std::filesystem::path folder;
};

enum class StageKind { Source, Planner, Builder };

/// `own` is the stage as it was written; `node` is that with the keys that its queue says for all
/// stages.
SourceConfig readSource(const ConfigNode& own, const ConfigNode& node,
                        const StagePosition& position, ConfigProblems& problems);

/// `workers` receives the stage's own number of workers if it names one.
PlannerConfig readPlanner(const ConfigNode& node, const StagePosition& position, int& workers,
                          ConfigProblems& problems);

/// `node` may be null: the bundled planwright.command with its defaults.
BuilderConfig readBuilder(const ConfigNode* node, const StagePosition& position,
                          ConfigProblems& problems);

/// `path` seen from `folder`, without `.` and `..`.
std::filesystem::path resolvedPath(const std::filesystem::path& folder, const std::string& path);

}  // namespace planwright
