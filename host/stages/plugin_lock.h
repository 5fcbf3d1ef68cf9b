#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace planwright {

/// A plugin as somebody agreed to it.
struct LockedPlugin {
  std::string id, version, digest;
  std::string permissionsJson = "{}";  ///< of its manifest
  std::vector<std::string> secrets;    ///< that it may ask for
  friend bool operator==(const LockedPlugin&, const LockedPlugin&) = default;
};

/// The plugins that may be loaded, in `plugins.lock` beside the configuration file: with
/// `require_lock: true` a plugin of any other digest is not. Immutable.
class PluginLock {
 public:
  static std::filesystem::path fileBeside(const std::filesystem::path& configFile);
  static PluginLock of(std::vector<LockedPlugin> plugins);
  /// NotFound: there is no such file; Invalid: what is wrong with it.
  static Result<PluginLock> read(const std::filesystem::path& file);

  /// Why that plugin may not be loaded, or "".
  std::string whyNot(const std::string& id, const std::string& digest) const;
  /// {"lock": 1, "plugins": [{"id", "version", "sha256", "permissions", "secrets"}]}, by id.
  std::string json() const;
  std::size_t size() const { return plugins_.size(); }

 private:
  std::vector<LockedPlugin> plugins_;
};

}  // namespace planwright
