#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "answers.h"
#include "interpreter.h"
#include "options.h"
#include "source_archives.h"

namespace wheels {

/// Where a job's pip looks for what the build needs.
enum class BuildSource {
  Nothing,  ///< python has it installed, or nothing is to be built
  Index,    ///< as the settings say, when the job runs
};

/// How the pip of one Python is called, from the settings; it is not where `memory` has its answer.
/// Lives for one call of the planner.
class Pip {
 public:
  Pip(const Options& options, Interpreter& python, pw::Memory& memory, SourceArchives& archives,
      pw::Call& call)
      : options_(options),
        python_(python),
        archives_(archives),
        answers_(options, python, memory, call) {}

  /// Asks pip's resolver what a requirements file means, without installing anything. `file` is its
  /// name in pip's messages, `text` what checkedRequirements() made of it. Gives the report's JSON;
  /// rejects a file that pip refuses with pip's reason, and asks for a retry when the index could
  /// not be reached.
  /// `inputsOf`: for back ends that say what their archives need.
  std::string resolve(const std::string& file, const std::string& text,
                      const SourceArchives::InputsOf& inputsOf);

  /// The same for lines of our own: what builds need.
  std::string resolveLines(const std::vector<std::string>& lines,
                           const SourceArchives::InputsOf& inputsOf);

  /// What was answered does not fit the archives that are there: it is not used again.
  void forgetAnswer() const { answers_.forget(); }

  /// The command by which pip makes a wheel of `what` (./archive or a URL) in its own folder, where
  /// hookCommand() cannot: something must come from an index.
  std::vector<std::string> wheelCommand(const std::string& what, BuildSource source) const;

 private:
  std::string report(pw::Program asked, const SourceArchives::InputsOf& inputsOf, bool isShared);
  std::optional<std::string> answerAlone(pw::Program program, const std::vector<std::string>& texts,
                                         const SourceArchives::InputsOf& inputsOf);
  std::string answerOf(const pw::ProgramResult& result) const;
  [[noreturn]] void explain(const pw::ProgramResult& result) const;
  void addConstraints(pw::Program& program) const;
  void addIndexOptions(std::vector<std::string>& argv) const;

  const Options& options_;
  Interpreter& python_;
  SourceArchives& archives_;
  Answers answers_;
};

}  // namespace wheels
