#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/program.h"
#include "base/result.h"
#include "stages/plugin_info.h"
#include "stages/stage.h"

namespace planwright {

class StoredPlugin;
class TakenPlugins;
struct TakenProgram;

struct Manifest;

/// Where a stage of a plugin runs that wants this: Inproc or Process. Invalid: its manifest does
/// not let it.
Result<StageRoom::Isolation> whereItRuns(const Manifest& manifest, bool isBundled,
                                         StageRoom::Isolation wanted);

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
  struct PinnedPrograms;
  Plugins(const Plugins&) = default;
  Plugins& operator=(const Plugins&) = delete;
  const TakenProgram& program(std::string_view id) const;
  void addFolder(const std::filesystem::path& folder, bool isBundled);
  void dropOldCopies(const std::filesystem::path& store) const;
  /// The usable plugin, or null.
  std::shared_ptr<StoredPlugin> stored(std::string_view id) const;
  Result<std::shared_ptr<StoredPlugin>> usable(std::string_view id, std::string_view stage) const;
  std::shared_ptr<TakenPlugins> taken_;       ///< with all that come of with()
  std::shared_ptr<PinnedPrograms> programs_;  ///< of this generation alone
  std::vector<PluginInfo> infos_;
  std::vector<Entry> loaded_;
};

/// Checks `settingsJson` (empty = {}) against a draft-4 JSON Schema and fills in its `default`
/// values, also in nested objects. Invalid carries a JSON pointer into the settings.
Result<std::string> settingsWithDefaults(std::string_view schemaJson,
                                         std::string_view settingsJson);

}  // namespace planwright
