#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace planwright {

struct LandlockRules {
  std::vector<std::string> readable;  ///< with all below; may be run, too
  std::vector<std::string> writable;  ///< folders, with all below
  std::vector<int> files;             ///< open files that may be opened again for writing
  bool refusesNetwork = false;        ///< TCP, where the kernel can (version 4)
};

/// The version of Landlock here, 0 if there is none.
int landlockVersion();

/// A ruleset for Confinement::landlockFd, or none with errno.
UniqueFd landlockRuleset(const LandlockRules& rules);

}  // namespace planwright
