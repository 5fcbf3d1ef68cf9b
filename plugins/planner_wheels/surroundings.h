#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options.h"

namespace wheels {

/// The state of a folder in a text that is another one once a file in it is added, removed, renamed
/// or written: names, sizes, times and inodes, also of what links lead to. Nothing if it cannot be
/// listed. `pages`: whether it holds HTML, whose links pip would follow.
struct FolderState {
  std::string text;
  bool hasPages = false;
};
std::optional<FolderState> stateOfFolder(const std::string& path);

/// The same for all that pip may find archives in. Nothing if that is more than folders of this
/// machine: an index and a page may change without a sign.
std::optional<std::string> stateOfPlaces(const Options& options);

/// Of one file, or of what a link leads to.
std::string stateOfFile(const std::string& path);

/// The same for a Python: its program and the folders in which it looks for modules (`sys.path`).
std::string stateOfPython(const std::string& python, const std::vector<std::string>& folders);

}  // namespace wheels
