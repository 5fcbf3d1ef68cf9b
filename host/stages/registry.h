#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/program.h"
#include "base/result.h"
#include "stages/plugin_lock.h"
#include "stages/stage.h"

namespace planwright {

class Library;

/// Where a stage runs.
struct StageRoom {
  enum class Isolation { Inproc, Process };
  Isolation isolation = Isolation::Inproc;
  ProgramLimits limits = {};  ///< of its process, if it has one
};

/// What is known of one plugin file, whether it could be loaded or not.
struct PluginInfo {
  std::string id;  ///< empty if not even the manifest could be read
  std::string version;
  std::string file;    ///< where it was found
  std::string digest;  ///< sha256:... of the file, or empty if it could not be read
  std::string description;
  std::vector<std::string> stages;  ///< interface ids, e.g. "planwright.planner/1"
  std::string manifestJson;
  std::string settingsSchemaJson;  ///< "{}" if the manifest has none
  bool pure = false;               ///< same input, settings and version give the same plan
  std::string error;  ///< why it is not usable, in one or two sentences; empty = usable
  friend bool operator==(const PluginInfo&, const PluginInfo&) = default;
};

/// What a plugin file says of itself, read without running its code. `error` says what is wrong
/// with it.
PluginInfo inspectPlugin(const std::filesystem::path& file);

struct PluginOptions {
  /// Searched in this order for *.so; the first file of an id wins. A folder that is not there is
  /// skipped.
  std::vector<std::filesystem::path> folders;
  /// Loaded are read-only copies, `<storeFolder>/<sha256>/<file>.so`, so replacing a file is always
  /// safe.
  std::filesystem::path storeFolder;
  /// Private folders of programs that plugins run; ours alone and emptied at start. Empty = the
  /// system's temp folder, where a killed host leaves them behind.
  std::filesystem::path workFolder;
  /// What may be loaded; null = anything.
  std::shared_ptr<const PluginLock> lock = nullptr;
};

/// The plugins of this process, loaded once when constructed. One bad plugin never stops the
/// others: it is listed with its reason. Owned by Application; instances keep their library alive
/// by themselves, but `programs` must outlive them. [any thread]
class Plugins {
 public:
  Plugins(const PluginOptions& options, Programs& programs);
  ~Plugins();

  /// These with other versions of some plugins: copies in the store. Whatever was loaded once is
  /// the same code again, and stays loaded. The error names the file.
  Result<std::shared_ptr<const Plugins>> with(
      const std::vector<std::filesystem::path>& files) const;

  const std::vector<PluginInfo>& all() const { return infos_; }
  /// The usable plugin of this id, else a failed one, else null.
  const PluginInfo* find(std::string_view id) const;

  /// `settingsJson` checked against the plugin's schema, its defaults filled in. NotFound without
  /// such a plugin; Invalid with a JSON pointer into the settings.
  Result<std::string> settings(std::string_view id, std::string_view settingsJson) const;

  /// A created and started instance for one slot of `queue`. NotFound: no such plugin or stage.
  /// Invalid: the settings are wrong. Unavailable: it asked to be tried again. Failed: everything
  /// else.
  Result<std::unique_ptr<Planner>> planner(std::string_view id, const std::string& queue,
                                           std::string_view settingsJson,
                                           const StageRoom& room = {}) const;
  Result<std::unique_ptr<Builder>> builder(std::string_view id, const std::string& queue,
                                           std::string_view settingsJson,
                                           const StageRoom& room = {}) const;
  Result<std::unique_ptr<Source>> source(std::string_view id, const std::string& queue,
                                         std::string_view settingsJson) const;

 private:
  struct Entry {
    std::size_t info;
    std::shared_ptr<Library> library;
  };
  struct Loaded;
  Plugins(const Plugins&) = default;
  Result<std::shared_ptr<Library>> load(const std::filesystem::path& file, PluginInfo& info) const;
  void dropOldCopies(const std::filesystem::path& store) const;
  Result<std::shared_ptr<Library>> usable(std::string_view id, std::string_view stage) const;
  /// `Made` is the in-process back end of `Stage`.
  template <class Stage, class Made, class Table>
  Result<std::unique_ptr<Stage>> make(std::string_view stage, std::string_view id,
                                      const std::string& queue,
                                      std::string_view settingsJson) const;
  /// `Made` is the back end of `Stage` for a process of its own.
  template <class Stage, class Made>
  Result<std::unique_ptr<Stage>> makeProcess(std::string_view stage, std::string_view id,
                                             const std::string& queue,
                                             std::string_view settingsJson,
                                             const StageRoom& room) const;

  std::shared_ptr<Loaded> shared_;  ///< with all that come of with()
  std::vector<PluginInfo> infos_;
  std::vector<Entry> loaded_;
};

/// Checks `settingsJson` (empty = {}) against a draft-4 JSON Schema and fills in its `default`
/// values, also in nested objects. Invalid carries a JSON pointer into the settings.
Result<std::string> settingsWithDefaults(std::string_view schemaJson,
                                         std::string_view settingsJson);

}  // namespace planwright
