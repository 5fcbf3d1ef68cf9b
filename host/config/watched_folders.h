#pragma once

#include "config/config.h"
#include "config/section_reader.h"

namespace planwright {

/// Complains about two sources that would both take a file of one folder.
void checkWatchedFolders(const Config& config, ConfigProblems& problems);

}  // namespace planwright
