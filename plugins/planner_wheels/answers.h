#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "interpreter.h"
#include "options.h"

namespace wheels {

/// What pip answered before, for when nothing that pip could read has changed: the lines without
/// comments, the options, the Python with all that is installed for it, and each folder of
/// find_links. Lives for one call of the planner.
class Answers {
 public:
  Answers(const Options& options, Interpreter& python, pw::Memory& memory)
      : options_(options),
        python_(python),
        memory_(memory) {}

  /// A question whose answer may be kept.
  struct Open {
    std::string key;
    std::string places;  ///< their state when it was asked
  };

  /// Of a program that asks pip. Nothing: pip has to be asked; `open` is set if its answer may be
  /// kept. Other questions may be asked before it is.
  std::optional<std::string> find(const pw::Program& question, std::optional<Open>& open);
  /// `answer` must be pip's own: no code of an archive ran beside it.
  void keep(const Open& open, const std::string& answer);
  /// An answer of this call turned out to be wrong.
  void forget() const;

 private:
  const Options& options_;
  Interpreter& python_;
  pw::Memory& memory_;
  std::vector<std::string> keys_;  ///< of all questions
};

}  // namespace wheels
