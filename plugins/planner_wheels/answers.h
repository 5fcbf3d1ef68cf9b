#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planwright/plugin.hpp"

#include "memory.h"
#include "options.h"

namespace wheels {

/// What pip answered before, for when nothing that pip could read has changed: the lines without
/// comments, the options, the Python with all that is installed for it, and each folder of
/// find_links. Lives for one call of the planner.
class Answers {
 public:
  Answers(const Options& options, std::string python, Memory& memory, pw::Call& call)
      : options_(options),
        python_(std::move(python)),
        memory_(memory),
        call_(call) {}

  /// Of a program that asks pip. Nothing: pip has to be asked, and then its answer may be kept.
  std::optional<std::string> find(const pw::Program& question);
  /// The answer to the question of the last find() that gave nothing.
  void keep(const std::string& answer);
  /// An answer of this call turned out to be wrong.
  void forget() const {
    for (const auto& key : keys_) memory_.forget(kKind, key);
  }

 private:
  static constexpr const char* kKind = "answer";
  struct Asked {
    std::string places;
    std::vector<std::string> folders;  ///< of the Python
    std::string python;                ///< the state of both before pip was asked
  };

  std::vector<std::string> foldersOfPython();

  const Options& options_;
  const std::string python_;
  Memory& memory_;
  pw::Call& call_;
  std::vector<std::string> keys_;  ///< of all questions; the last one is that of asked_
  std::optional<Asked> asked_;
};

}  // namespace wheels
