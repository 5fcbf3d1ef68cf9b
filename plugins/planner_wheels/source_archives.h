#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "planwright/memory.hpp"
#include "planwright/plugin.hpp"

#include "interpreter.h"
#include "options.h"
#include "rapidjson/document.h"

namespace wheels {

/// What a source archive's pyproject.toml asks for.
struct BuildNeeds {
  std::vector<std::string> requirements;
  bool usesSetuptools = false;

  auto operator<=>(const BuildNeeds&) const = default;
};

/// What an isolated build of one source archive is given.
struct BuildInputs {
  std::map<std::string, std::string> archives;  ///< file name -> path, of all that follow
  std::vector<std::string> environment;         ///< file names of what the build sees
  /// The same for each of the archives that is a source itself, by file name.
  std::map<std::string, std::vector<std::string>> environments;
};

/// What is known of the source archives in the folders of find_links: their metadata and what their
/// builds need. It is kept by the digest of their bytes, so that no archive is read or run twice.
///
/// What an archive says without being run is read by one program for all of them. A back end runs
/// in a program of its own, confined as all are, and what that prints counts for this archive only.
/// Lives for one call of the planner.
class SourceArchives {
 public:
  SourceArchives(const Options& options, Interpreter& python, pw::Memory& memory, pw::Call& call)
      : options_(options),
        python_(python),
        memory_(memory),
        call_(call) {}

  /// The digest of the file at `path`, which is a blob then. Rejects one that no program of the
  /// planner may see.
  std::string store(const std::string& path);

  /// What building the archive at `path` needs. Rejects one that cannot be read, as store().
  BuildNeeds needsOf(const std::string& path);

  /// Prepares what pip's resolver will probably ask for with these lines, the first text being
  /// requirements and the others constraints. `inputsOf` gives what an isolated build of an archive
  /// gets; nothing: its back end is not run. What is not prepared is left to pip.
  using InputsOf = std::function<std::optional<BuildInputs>(const std::string& path)>;
  void prepare(const std::vector<std::string>& texts, const InputsOf& inputsOf);

  /// {"<SHA-256>": "<METADATA>"} of what is known, for ask_pip.py.
  std::string knownJson() const;

 private:
  struct Archive {
    std::string sha256;
    std::optional<std::string> metadata;  ///< what it says without being run
    BuildNeeds needs;
    bool isOdd = false;               ///< its needs are not as PEP 518 writes them
    bool isAsked = false;             ///< its back end was run, with or without success
    std::optional<std::string> made;  ///< what that said
  };

  void recallAll();
  bool recall(const std::string& path);
  void take(const std::string& path, const std::string& sha256, const rapidjson::Value& said);
  std::string keyOf(const std::string& sha256);
  std::string madeKey(const std::string& sha256, const BuildInputs* inputs);
  std::vector<std::string> guess(const std::vector<std::string>& texts,
                                 const std::vector<std::string>& read);
  std::vector<std::string> learn(const std::string& json);
  bool askBackEnds(const std::vector<std::string>& paths, const InputsOf& inputsOf);

  const Options& options_;
  Interpreter& python_;
  pw::Memory& memory_;
  pw::Call& call_;
  std::map<std::string, Archive> archives_;    // by path
  std::map<std::string, std::string> stored_;  // path -> digest
  bool hasRecalled_ = false;
};

}  // namespace wheels
