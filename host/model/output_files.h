#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace planwright {

/// All files, links and devices in a job's folder that one of its outputs names, in order. Whatever
/// the job made there, such as a link to itself or folders without end, is its own fault: Invalid,
/// never a throw. Invalid also: an output names nothing, or only folders.
Result<std::vector<std::filesystem::path>> outputFiles(const std::filesystem::path& folder,
                                                       const std::vector<std::string>& globs);

}  // namespace planwright
