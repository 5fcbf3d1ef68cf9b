#pragma once

#include <set>
#include <string>
#include <vector>

#include "integrity.h"
#include "requests.h"

namespace npm {

/// One package that a lockfile demands.
struct Package {
  std::string name;  ///< "left-pad", "@types/node"
  std::string version;
  std::string url;  ///< where its tarball was when the lockfile was made
  Integrity integrity;
  bool optional = false;  ///< an installation may do without it, e.g. on another platform
};

struct Lockfile {
  std::vector<Package> packages;  ///< sorted, each once however often it is installed
  std::string packageJson;        ///< the project's own, as far as the lockfile repeats it
  bool hasWorkspaces = false;     ///< folders of the project itself are installed too
};

/// Reads a package-lock.json of version 2 or 3, without the kinds of dependencies in `omit`.
/// Rejects, with the place in `file`, what cannot be had again (packages without integrity, of
/// repositories, of folders) and what is not `allowed`.
Lockfile parseLockfile(const std::string& file, const std::string& json,
                       const std::set<std::string>& omit, const AllowedRequests& allowed);

}  // namespace npm
