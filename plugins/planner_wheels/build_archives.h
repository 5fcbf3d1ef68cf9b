#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pip.h"
#include "pip_report.h"
#include "source_archives.h"

namespace wheels {

/// Finds the archives that an isolated build needs, so that a job can be given them and needs no
/// index: what pyproject.toml asks for, what pip's resolver chooses for that, and the same again
/// for those of them that are sources themselves (flit_core, wheel, ...). Projects that ask for the
/// same share one run of pip. Lives for one call of the planner.
class BuildArchives {
 public:
  BuildArchives(Pip& pip, SourceArchives& archives) : pip_(pip), archives_(archives) {}

  /// All that building the archive at `source` needs; nothing if a part of it is not on this
  /// machine.
  std::optional<BuildInputs> forSource(const std::string& source);

 private:
  const std::vector<Project>& resolve(const BuildNeeds& needs);

  Pip& pip_;
  SourceArchives& archives_;
  std::map<BuildNeeds, std::vector<Project>> resolved_;
};

}  // namespace wheels
