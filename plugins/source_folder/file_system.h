#pragma once

#include <string>

#include <planwright/call.hpp>

namespace source_folder {

/// Opens `name` below the folder `at` without following links; -1 if it is not a folder (any more).
pw::Fd openSubfolder(int at, const std::string& name);

/// Changes made there by other machines are not seen by our kernel, so inotify misses them.
bool isRemote(int folder);

}  // namespace source_folder
