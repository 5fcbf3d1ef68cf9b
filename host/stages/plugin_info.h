#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "stages/plugin_lock.h"

namespace planwright {

class Quarantine;

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

}  // namespace planwright
