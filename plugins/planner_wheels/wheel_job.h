#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pip_report.h"
#include "source_archives.h"

namespace wheels {

/// Where helpers/build_wheel.py is in the folder of a job.
inline constexpr const char* kHelperFile = "build_wheel.py";

/// The command of a job that makes the wheel of `project` from its archive `file` by the hooks of
/// its build back end, and fails if the wheel is not what the plan was made with. `build`: what an
/// isolated build is given, below build/; null = it sees what `python` has installed.
std::vector<std::string> hookCommand(const std::string& python, const std::string& file,
                                     const Project& project, const BuildInputs* build);

/// What the build sees.
std::string environmentJson(const BuildInputs* build);
/// WISHES of helpers/make_metadata.py. `files`: name -> path and SHA-256.
std::string metadataWishes(const std::string& file,
                           const std::map<std::string, std::pair<std::string, std::string>>& files,
                           const BuildInputs* build);

}  // namespace wheels
