#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// The start of a command line for a part of this program that is a process of its own:
/// planwright-worker, which is small and starts quickly, where it is beside this one or installed,
/// else this one itself. Both know it by `name`.
std::vector<std::string> ownProgram(std::string_view name);

}  // namespace planwright
