#pragma once

#include <filesystem>
#include <system_error>

namespace planwright {

/// Removes what a program left: at any depth, with a few descriptors, and also what it locked for
/// its owner. Follows no link. What is not there is removed. Nothing may change it meanwhile.
std::error_code removeTree(const std::filesystem::path& path);
/// The same for all that is in a folder.
std::error_code emptyFolder(const std::filesystem::path& folder);

}  // namespace planwright
