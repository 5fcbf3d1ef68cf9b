#pragma once

#include <string>
#include <vector>

#include "planwright/plugin.hpp"

#include "requirements.h"

namespace wheels {

/// Where a program of that name is looked for, in this order; a path is itself.
std::vector<std::string> pathsOfProgram(const std::string& name);

/// The plugin's settings, checked: README.md says what they mean. Immutable.
struct Options {
  explicit Options(const pw::Settings& settings);

  std::vector<std::string> pythons;  ///< as written; each is a program on this machine
  std::vector<std::string> findLinks;
  std::string indexUrl;
  bool noIndex = false;
  bool buildIsolation = true;
  std::vector<std::string> buildRequirements;
  std::vector<std::string> constraints;
  std::vector<std::string> constraintsFiles;
  AllowedRequests allowed;  ///< of an input

  /// The folders of this machine that find_links names.
  std::vector<std::string> folders() const;
  /// The index as a plan may show it: "none", "default", or its URL without a password. A folder
  /// of this machine is no part of a plan and gives "".
  std::string shownIndex() const;
};

}  // namespace wheels
