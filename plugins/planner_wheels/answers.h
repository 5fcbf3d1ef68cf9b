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
  Answers(const Options& options, Interpreter& python, pw::Memory& memory, pw::Call& call)
      : options_(options),
        python_(python),
        memory_(memory),
        call_(call) {}

  /// A question that was looked for. Without an answer pip has to be asked. Other questions may be
  /// asked before.
  struct Asked {
    std::optional<std::string> answer;
    std::string key;     ///< empty: the answer is not kept
    std::string places;  ///< their state
    std::optional<pw::Memory::Turn> turn;
  };

  /// Of a program that asks pip. `isShared`: several plans may ask it at once, so one of them does
  /// and the others wait. Not of one that leads to others of these: two plans could wait for each
  /// other.
  Asked find(const pw::Program& question, bool isShared);
  /// `answer` must be pip's own: no code of an archive ran beside it.
  void keep(const Asked& asked, const std::string& answer);
  /// An answer of this call turned out to be wrong.
  void forget() const;

 private:
  const Options& options_;
  Interpreter& python_;
  pw::Memory& memory_;
  pw::Call& call_;
  std::vector<std::string> keys_;  ///< of all questions
};

}  // namespace wheels
