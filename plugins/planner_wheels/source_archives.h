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
#include "json_writer.h"
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
/// What an archive says without being run is read beside pip. A back end runs in a program of its
/// own, confined as all are, and what that prints counts for this archive only. Lives for one call
/// of the planner.
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

  using Paths = std::vector<std::string>;

  /// Whether it can be foreseen which archives pip will look at: all are in folders of this
  /// machine.
  bool canForesee();
  /// What ask_pip.py is told, to foresee what pip asks for with these lines, the first text being
  /// requirements and the others constraints.
  std::string requestJson(const std::vector<std::string>& texts);
  /// What is known, and nothing to foresee.
  std::string knownJson() const;
  /// Takes and keeps what ask_pip.py or guess_archives.py found in archives; gives those whose back
  /// ends have to say it.
  Paths learn(const std::string& json);
  /// Asks these back ends, a few at a time. `inputsOf` gives what an isolated build of an archive
  /// gets; nothing: it is left to pip. False if not all have said it, so pip has to run some.
  using InputsOf = std::function<std::optional<BuildInputs>(const std::string& path)>;
  bool askBackEnds(const Paths& paths, const InputsOf& inputsOf);

 private:
  struct Archive {
    std::string sha256;
    std::optional<std::string> metadata;  ///< what it says without being run
    BuildNeeds needs;
    bool isOdd = false;               ///< its needs are not as PEP 518 writes them
    bool isAsked = false;             ///< its back end was run, with or without success
    std::optional<std::string> made;  ///< what that said
  };

  void writeKnown(Writer& out) const;
  void recallAll();
  bool recall(const std::string& path);
  void take(const std::string& path, const std::string& sha256, const rapidjson::Value& said);
  std::string keyOf(const std::string& sha256);
  std::string madeKey(const std::string& sha256, const BuildInputs* inputs);
  void read(const std::string& path);
  void ask(Archive& archive, const std::string& key, const pw::Program& program);

  const Options& options_;
  Interpreter& python_;
  pw::Memory& memory_;
  pw::Call& call_;
  std::map<std::string, Archive> archives_;    // by path
  std::map<std::string, std::string> stored_;  // path -> digest
  bool hasRecalled_ = false;
};

}  // namespace wheels
