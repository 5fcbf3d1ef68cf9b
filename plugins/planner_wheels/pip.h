#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "planwright/plugin.hpp"

namespace wheels {

/// How pip is called, from the settings. Immutable.
class Pip {
 public:
  explicit Pip(const pw::Settings& settings);

  /// Asks pip's resolver what a requirements file means, without installing anything. `name` is the
  /// file's name in pip's messages, `digest` its blob. Gives the report's JSON; rejects a file that
  /// pip refuses with pip's reason, and asks for a retry when the index could not be reached.
  std::string resolve(pw::Call& call, std::string_view name, std::string_view digest) const;

  /// The command that makes a wheel of `what` (./archive or a URL) in its own folder. `isLocal`:
  /// all it needs but build requirements is there.
  std::vector<std::string> wheelCommand(const std::string& what, bool isLocal) const;

  /// What keeps pip from reading this machine's and user's settings.
  static const std::vector<std::pair<std::string, std::string>>& environment();

 private:
  void addIndexOptions(std::vector<std::string>& argv) const;

  const std::string python_;
  const std::vector<std::string> findLinks_;
  const std::string indexUrl_;
  const bool noIndex_;
  const bool buildIsolation_;
  const std::vector<std::string> constraints_;
};

}  // namespace wheels
