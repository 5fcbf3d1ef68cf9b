#pragma once

#include <filesystem>
#include <string>

#include "config/stage_config.h"
#include "stages/stage.h"

namespace planwright {

// Where the configuration wants a stage to run, and what it may have there.

StageRoom::Isolation isolationOf(const StageConfig& stage);

/// The limits of a builder are for its jobs, whose sandbox is a setting of its plugin.
StageRoom roomOf(const BuilderConfig& builder);
/// The limits of a planner are for its process and for the programs that it starts. Below a strict
/// process they are confined as it is.
StageRoom roomOf(const PlannerConfig& planner);
/// As a planner's; its programs also see the `path` of its settings (a JSON object), and may write
/// to `folder`, which is its own (empty = it has none).
StageRoom roomOf(const SourceConfig& source, const std::string& settings,
                 const std::filesystem::path& folder);

}  // namespace planwright
