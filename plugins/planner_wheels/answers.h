#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/plugin.hpp"

#include "interpreter.h"
#include "memory.h"
#include "options.h"

namespace wheels {

/// What pip answered before, for when nothing that pip could read has changed: the lines without
/// comments, the options, the Python with all that is installed for it, and each folder of
/// find_links. Lives for one call of the planner.
class Answers {
 public:
  Answers(const Options& options, Interpreter& python, Memory& memory)
      : options_(options),
        python_(python),
        memory_(memory) {}

  /// Of a program that asks pip. Nothing: pip has to be asked, and then its answer may be kept.
  std::optional<std::string> find(const pw::Program& question);
  /// The answer to the question of the last find() that gave nothing.
  void keep(const std::string& answer);
  /// An answer of this call turned out to be wrong.
  void forget() const;

 private:
  const Options& options_;
  Interpreter& python_;
  Memory& memory_;
  std::vector<std::string> keys_;      ///< of all questions
  std::optional<std::string> places_;  ///< their state, if an answer to the last one may be kept
};

}  // namespace wheels
