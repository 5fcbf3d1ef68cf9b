#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// Another program of planwright, such as "planwright-init": beside this one or where it is
/// installed. Empty: it is not there.
std::filesystem::path programBesides(std::string_view name);

/// The start of a command line for a part of this program that is a process of its own:
/// planwright-worker, which is small and starts quickly, if it is there, else this one itself. Both
/// know it by `name`.
std::vector<std::string> ownProgram(std::string_view name);

/// Where the plugins that come with the program are: beside it (`plugins/` in a build tree,
/// `../lib/planwright/plugins` when installed).
std::vector<std::filesystem::path> bundledPluginFolders();

}  // namespace planwright
