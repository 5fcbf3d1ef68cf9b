#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pip.h"
#include "pip_report.h"

namespace wheels {

/// What an isolated build of one source archive is given.
struct BuildInputs {
  std::map<std::string, std::string> archives;  ///< file name -> path, of all that follow
  std::vector<std::string> environment;         ///< file names of what the build sees
  /// The same for each of the archives that is a source itself, by file name.
  std::map<std::string, std::vector<std::string>> environments;
};

/// Finds the archives that an isolated build needs, so that a job can be given them and needs no
/// index: what pyproject.toml asks for, what pip's resolver chooses for that, and the same again
/// for those of them that are sources themselves (flit_core, wheel, ...). Projects that ask for the
/// same share one run of pip. Lives for one call of the planner.
class BuildArchives {
 public:
  explicit BuildArchives(Pip& pip) : pip_(pip) {}

  /// Reads the needs of all these source archives with one start of Python.
  void read(const std::vector<std::string>& sources);

  /// All that building the archive at `source` needs; nothing if a part of it is not on this
  /// machine.
  std::optional<BuildInputs> forSource(const std::string& source);

 private:
  const std::vector<Project>& resolve(const BuildNeeds& needs);

  Pip& pip_;
  std::map<std::string, BuildNeeds> needs_;  // by path
  std::map<BuildNeeds, std::vector<Project>> resolved_;
};

}  // namespace wheels
