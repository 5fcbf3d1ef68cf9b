#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "planwright/plugin.hpp"

#include "answers.h"
#include "memory.h"
#include "options.h"

namespace wheels {

/// What a source archive's pyproject.toml asks for.
struct BuildNeeds {
  std::vector<std::string> requirements;
  bool usesSetuptools = false;

  auto operator<=>(const BuildNeeds&) const = default;
};

/// Where a job's pip looks for what the build needs.
enum class BuildSource {
  Nothing,  ///< python has it installed, or nothing is to be built
  Index,    ///< as the settings say, when the job runs
};

/// What a confined pip must see: the folders with archives, and a Python that is not the system's.
std::vector<std::string> readableFor(const Options& options, const std::string& python);

/// How the pip of one Python is called, from the settings; it is not where `memory` has its answer.
/// Lives for one call of the planner.
class Pip {
 public:
  Pip(const Options& options, std::string python, Memory& memory, pw::Call& call)
      : options_(options),
        python_(std::move(python)),
        call_(call),
        answers_(options, python_, memory, call) {}

  const std::string& python() const { return python_; }

  /// Asks pip's resolver what a requirements file means, without installing anything. `file` is its
  /// name in pip's messages, `text` what checkedRequirements() made of it. Gives the report's JSON;
  /// rejects a file that pip refuses with pip's reason, and asks for a retry when the index could
  /// not be reached.
  std::string resolve(const std::string& file, const std::string& text);

  /// The same for lines of our own: what builds need.
  std::string resolveLines(const std::vector<std::string>& lines);

  /// What was answered does not fit the archives that are there: it is not used again.
  void forgetAnswer() const { answers_.forget(); }

  /// Reads what the source archives at `paths` need to be built.
  std::map<std::string, BuildNeeds> buildNeeds(const std::vector<std::string>& paths) const;

  /// Rejects unless the settings show the file at `path` to a confined pip. What pip reports is no
  /// more than the word of the code of archives that ran beside it, and the host can read more.
  void refuseHidden(const std::string& path) const;

  /// The command by which pip makes a wheel of `what` (./archive or a URL) in its own folder, where
  /// hookCommand() cannot: something must come from an index.
  std::vector<std::string> wheelCommand(const std::string& what, BuildSource source) const;

  /// What keeps pip from reading this machine's and user's settings, and what makes two builds of
  /// the same sources the same bytes.
  static const std::vector<std::pair<std::string, std::string>>& environment();

 private:
  std::string report(pw::Program program);
  void refuseSettings(const pw::ProgramResult& result) const;
  void addConstraints(pw::Program& program) const;
  void addIndexOptions(std::vector<std::string>& argv) const;

  const Options& options_;
  const std::string python_;
  pw::Call& call_;
  Answers answers_;
};

}  // namespace wheels
