#pragma once

#include <string>

#include <planwright/call.hpp>

namespace source_folder {

/// Opens `name` below the folder `at` without following links; -1 if it is not a folder (any more).
pw::Fd openSubfolder(int at, const std::string& name);

/// Changes made there by other machines are not seen by our kernel, so inotify misses them.
bool isRemote(int folder);

/// Names travel as JSON, which is UTF-8.
bool isUtf8(const std::string& name);
/// The name with every byte that is not ASCII as \xNN.
std::string escaped(const std::string& name);

}  // namespace source_folder
