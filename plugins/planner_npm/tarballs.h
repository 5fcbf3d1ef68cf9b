#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/plugin.hpp"

#include "lockfile.h"

namespace npm {

/// Folders of this machine where packages may lie: as `npm pack` or a registry names them, or in a
/// cache of npm's. Bytes count, names only help to find them. Immutable.
class Tarballs {
 public:
  explicit Tarballs(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  struct Found {
    std::string digest;     ///< of the blob; empty if there is none
    std::string wrongFile;  ///< a file of the package's name that has other bytes, or empty
  };
  /// Finds the package's bytes and stores them as a blob.
  Found store(const Package& package, pw::Call& call) const;

 private:
  std::vector<std::string> candidates(const Package& package) const;

  const std::vector<std::string> folders_;
};

}  // namespace npm
