#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/program.h"
#include "base/result.h"
#include "stages/plugin_lock.h"
#include "stages/stage.h"
#include "stages/stage_room.h"

namespace planwright {

class Quarantine;
class StoredPlugin;

struct Manifest;

/// Where a stage of a plugin runs that wants this: Inproc or Process. Invalid: its manifest does
/// not let it.
Result<StageRoom::Isolation> whereItRuns(const Manifest& manifest, bool isBundled,
                                         StageRoom::Isolation wanted);

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
  bool isBundled = false;          ///< came with the program
  std::string error;  ///< why it is not usable, in one or two sentences; empty = usable
  friend bool operator==(const PluginInfo&, const PluginInfo&) = default;

  /// The same file and the same manifest, which stands beside a program's file.
  bool isSameVersion(const PluginInfo& other) const {
    return digest == other.digest && manifestJson == other.manifestJson;
  }
};

struct PluginOptions {
  /// Of the plugins that came with the program: they are loaded into this process at once. All
  /// folders are searched in order for *.so; the first file of an id wins. One that is not there is
  /// skipped.
  std::vector<std::filesystem::path> bundled;
  /// Loaded are read-only copies, `<storeFolder>/<sha256>/<file>.so`, so replacing a file is always
  /// safe.
  std::filesystem::path storeFolder;
  /// Private folders of programs that plugins run; ours alone and emptied at start. Empty = the
  /// system's temp folder, where a killed host leaves them behind.
  std::filesystem::path workFolder;
  /// What may be loaded; null = anything.
  std::shared_ptr<const PluginLock> lock = nullptr;
  /// Of other people's plugins, searched after the bundled ones: a process of its own tries each,
  /// and their code comes into this one only for a stage whose isolation says so.
  std::vector<std::filesystem::path> folders = {};
  /// What is not run; null = of these plugins alone.
  std::shared_ptr<Quarantine> quarantine = nullptr;
  /// Where plugins count; null = what they count outside of calls is dropped.
  Metrics* metrics = nullptr;
};

/// The plugins of this host, read once when constructed. One bad plugin never stops the
/// others: it is listed with its reason. Owned by Application; instances keep their library alive
/// by themselves, but `programs` must outlive them. [any thread]
class Plugins {
 public:
  Plugins(const PluginOptions& options, Programs& programs);
  ~Plugins();

  /// These with other versions of some plugins: copies in the store, tried as those of other people
  /// are. Whatever was loaded once is the same code again, and stays loaded. The error names the
  /// file.
  Result<std::shared_ptr<const Plugins>> with(
      const std::vector<std::filesystem::path>& files) const;

  const std::vector<PluginInfo>& all() const { return infos_; }
  /// The usable plugin of this id, else a failed one, else null. A program (exec:) is looked at
  /// when it is first asked for, and stays what it was then; with() looks again.
  const PluginInfo* find(std::string_view id) const;

  /// `settingsJson` checked against the plugin's schema, its defaults filled in. NotFound without
  /// such a plugin; Invalid with a JSON pointer into the settings.
  Result<std::string> settings(std::string_view id, std::string_view settingsJson) const;

  /// Where a stage of a usable plugin runs that wants this: Inproc or Process.
  /// Invalid: its manifest does not let it.
  Result<StageRoom::Isolation> isolation(std::string_view id, StageRoom::Isolation wanted) const;

  /// Why the version of this plugin is quarantined, or "".
  std::string whyQuarantined(std::string_view id) const;

  /// Versions that ran in this process and are in its memory although nothing uses them any more,
  /// over all that come of with().
  std::size_t parked() const;

  /// A created and started instance of `stage`, an interface id, for one slot of `queue`. NotFound:
  /// no such plugin or stage. Invalid: the settings are wrong. Unavailable: it asked to be tried
  /// again. Failed: everything else.
  Result<std::unique_ptr<StageInstance>> stage(std::string_view stage, std::string_view id,
                                               const std::string& queue,
                                               std::string_view settingsJson,
                                               const StageRoom& room = {}) const;
  Result<std::unique_ptr<StageInstance>> planner(std::string_view id, const std::string& queue,
                                                 std::string_view settingsJson,
                                                 const StageRoom& room = {}) const;
  Result<std::unique_ptr<StageInstance>> builder(std::string_view id, const std::string& queue,
                                                 std::string_view settingsJson,
                                                 const StageRoom& room = {}) const;
  Result<std::unique_ptr<StageInstance>> remoteBuilder(std::string_view id,
                                                       const std::string& queue,
                                                       std::string_view settingsJson,
                                                       const StageRoom& room = {}) const;
  Result<std::unique_ptr<StageInstance>> source(std::string_view id, const std::string& queue,
                                                std::string_view settingsJson,
                                                const StageRoom& room = {}) const;
  /// It builds on another engine: the usable plugin has a remote builder and no builder.
  bool isRemote(std::string_view id) const;

 private:
  struct Entry {
    std::size_t info;
    std::shared_ptr<StoredPlugin> plugin;
  };
  struct Loaded;
  struct Program;
  struct PinnedPrograms;
  Plugins(const Plugins&) = default;
  Plugins& operator=(const Plugins&) = delete;
  const Program& program(std::string_view id) const;
  void addFolder(const std::filesystem::path& folder, bool isBundled);
  Result<std::shared_ptr<StoredPlugin>> take(const std::filesystem::path& file,
                                             PluginInfo& info) const;
  void dropOldCopies(const std::filesystem::path& store) const;
  /// The usable plugin, or null.
  std::shared_ptr<StoredPlugin> stored(std::string_view id) const;
  Result<std::shared_ptr<StoredPlugin>> usable(std::string_view id, std::string_view stage) const;
  std::string whyNotBesideOthers(const StoredPlugin& plugin) const;

  std::shared_ptr<Loaded> shared_;            ///< with all that come of with()
  std::shared_ptr<PinnedPrograms> programs_;  ///< of this generation alone
  std::vector<PluginInfo> infos_;
  std::vector<Entry> loaded_;
};

/// Checks `settingsJson` (empty = {}) against a draft-4 JSON Schema and fills in its `default`
/// values, also in nested objects. Invalid carries a JSON pointer into the settings.
Result<std::string> settingsWithDefaults(std::string_view schemaJson,
                                         std::string_view settingsJson);

}  // namespace planwright
