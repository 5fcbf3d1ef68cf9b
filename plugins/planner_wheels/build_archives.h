#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pip.h"
#include "pip_report.h"

namespace wheels {

/// Finds the archives that an isolated build needs, so that a job can be given them and needs no
/// index: what pyproject.toml asks for, what pip's resolver chooses for that, and the same again
/// for those of them that are sources themselves (flit_core, wheel, ...). Projects that ask for the
/// same share one run of pip. Lives for one call of the planner.
class BuildArchives {
 public:
  BuildArchives(const Pip& pip, pw::Call& call) : pip_(pip), call_(call) {}

  /// Reads the needs of all these source archives with one start of Python.
  void read(const std::vector<std::string>& sources);

  /// File name -> path of all that building the archive at `source` needs; nothing if one of them
  /// is not on this machine.
  std::optional<std::map<std::string, std::string>> forSource(const std::string& source);

 private:
  const std::vector<Project>& resolve(const BuildNeeds& needs);

  const Pip& pip_;
  pw::Call& call_;
  std::map<std::string, BuildNeeds> needs_;  // by path
  std::map<BuildNeeds, std::vector<Project>> resolved_;
};

}  // namespace wheels
