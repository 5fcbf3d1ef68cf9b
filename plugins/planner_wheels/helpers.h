#pragma once

#include <string_view>

namespace wheels {

/// The files in helpers/, for a Python to run; each says what it does in its first lines.
extern const std::string_view kBuildWheel;  ///< build_wheel.py

}  // namespace wheels
