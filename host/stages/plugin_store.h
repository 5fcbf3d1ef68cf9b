#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace planwright {

/// A version of a plugin that somebody installed.
struct InstalledPlugin {
  std::string id, version;
  std::string digest;          ///< sha256:… of the file
  std::filesystem::path file;  ///< the copy; read-only
  std::string installedAt;     ///< RFC 3339
  friend bool operator==(const InstalledPlugin&, const InstalledPlugin&) = default;
};

/// Which version of a plugin a queue runs: a digest, or "" for the one of the plugin folders.
struct PluginChoice {
  std::string digest;
  std::optional<std::string> before;  ///< what it ran until then, for a rollback
  std::string keptUntil = {};         ///< RFC 3339; until then `before` cannot be removed
  friend bool operator==(const PluginChoice&, const PluginChoice&) = default;
};
/// By plugin id.
using PluginChoices = std::map<std::string, PluginChoice>;

/// The plugins that were installed on this machine, and what its queues run of them: copies under
/// their digest and one list, `installed.json`, that is replaced as a whole. Who may write to the
/// folder decides what code runs, so it is the data folder's owner who installs. Programs share it:
/// every change is made under a lock of the folder. [any thread]
class PluginStore {
 public:
  /// `<data>/plugins`; made when something is installed.
  explicit PluginStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Takes a copy of `file`, after `probe` loaded that copy somewhere and agreed. Forbidden: others
  /// may change the file or its folder; Invalid: it is no plugin, or cannot be loaded, and why.
  /// Installing the same bytes again makes them the newest.
  using Probe = std::function<Result<void>(const std::filesystem::path& copy)>;
  Result<InstalledPlugin> install(const std::filesystem::path& file, const Probe& probe);

  /// In the order in which they were installed.
  std::vector<InstalledPlugin> all() const;
  /// The one that was installed last.
  std::optional<InstalledPlugin> newest(std::string_view id) const;
  std::optional<InstalledPlugin> find(std::string_view digest) const;
  /// `which`: a digest, or id@version. NotFound; Conflict: a queue runs it, or went over from it
  /// so lately that it may still go back.
  Result<InstalledPlugin> remove(const std::string& which);

  PluginChoices choices(const std::string& queue) const;
  void choose(const std::string& queue, const PluginChoices& choices);

 private:
  struct List {
    std::vector<InstalledPlugin> plugins;
    std::map<std::string, PluginChoices> queues;
  };
  List read() const;
  /// `edit` gets the list as it is and may refuse; else it is written.
  Result<void> change(const std::function<Result<void>(List&)>& edit) const;

  const std::filesystem::path folder_;
};

}  // namespace planwright
