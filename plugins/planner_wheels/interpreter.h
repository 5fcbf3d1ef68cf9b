#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "options.h"

namespace wheels {

/// One Python of the settings, and how programs of it are run. Lives for one call of the planner.
class Interpreter {
 public:
  Interpreter(const Options& options, std::string name, pw::Memory& memory, pw::Call& call)
      : options_(options),
        name_(std::move(name)),
        memory_(memory),
        call_(call) {}

  const std::string& name() const { return name_; }

  /// The digest of its version and of what is installed for it: another one once its program, or
  /// a folder that it imports from, changes. Starts it if these are not known; empty if it does not
  /// start.
  const std::string& state();
  /// Whether that is still so.
  bool isUnchanged() const;

  /// A program of it with the environment of all of them, confined to the folders of the settings
  /// and without a network; its output is captured.
  pw::Program program(std::vector<std::string> arguments) const;
  /// Rejects unless the settings show the file at `path` to a confined program. What pip reports is
  /// no more than the word of the code of archives that ran beside it, and the host can read more.
  void refuseHidden(const std::string& path) const;

  /// Runs it. A sandbox that cannot be had, or a missing Python, is a mistake in the settings.
  pw::ProgramResult run(const pw::Program& program) const;

 private:
  std::vector<std::string> places() const;
  std::vector<std::string> readable() const;
  std::vector<std::string> foldersOfIt() const;

  const Options& options_;
  const std::string name_;
  pw::Memory& memory_;
  pw::Call& call_;
  std::vector<std::string> folders_;  ///< its program, and what it imports from
  std::optional<std::string> state_;
};

/// What keeps pip from reading this machine's and user's settings, and what makes two builds of the
/// same sources the same bytes.
const std::vector<std::pair<std::string, std::string>>& pythonEnvironment();

}  // namespace wheels
