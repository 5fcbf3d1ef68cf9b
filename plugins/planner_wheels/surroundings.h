#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace wheels {

/// The state (planwright/file_state.hpp) of all that pip may find archives in. Nothing if that is
/// more than folders of this machine: an index, and a page whose links pip follows, may change
/// without a sign.
std::optional<std::string> stateOfPlaces(const Options& options);

/// The same for a Python: its program and the folders in which it looks for modules (`sys.path`).
std::string stateOfPython(const std::string& python, const std::vector<std::string>& folders);

}  // namespace wheels
