#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "stages/registry.h"
#include "stages/stage.h"
#include "trial/trial_services.h"

namespace planwright {

/// A file as a planner gets it from a host: inline when it is small, else a blob of `services`.
StageInput inputOf(const std::string& name, const std::string& content, TrialServices& services);

/// What a planner emitted as a host would store it. Invalid names what breaks the rules of plans.
Result<std::string> sealTrial(std::string_view emitted, std::string_view content,
                              const PluginInfo& planner);

/// A plan document with one job on each line, and otherwise as it is.
std::string readablePlan(std::string_view document);

}  // namespace planwright
