#pragma once

#include <string_view>

namespace wheels {

/// The files in helpers/, for a Python to run; each says what it does in its first lines. Programs
/// of the planner have them in this folder, which no name of an input is.
inline constexpr std::string_view kHelpers = "helpers/";

extern const std::string_view kAskPip;         ///< ask_pip.py
extern const std::string_view kBuildWheel;     ///< build_wheel.py
extern const std::string_view kGuessArchives;  ///< guess_archives.py
extern const std::string_view kMakeMetadata;   ///< make_metadata.py

}  // namespace wheels
