#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config_reader.h"
#include "stages/manifest.h"
#include "stages/plugin_lock.h"
#include "stages/plugin_store.h"

namespace planwright {

/// A plugin as its file shows it. No code of it was run.
struct PluginFile {
  std::filesystem::path path;
  std::string digest;  ///< sha256:… of the file
  std::size_t sizeBytes = 0;
  Manifest manifest;
  std::string error;       ///< why it is not a usable plugin; empty = it is
  bool isBundled = false;  ///< came with the program
};

/// A shared object, or a program with the manifest beside it.
PluginFile readPluginFile(const std::filesystem::path& path);

/// Every *.so of the folders; a folder that is not there is skipped.
std::vector<PluginFile> readPluginFiles(const std::vector<std::filesystem::path>& folders);

/// Of the data folder.
PluginStore pluginStoreOf(const Config& config);

/// Those that a host with this configuration finds: installed ones, the newest of each, and those
/// of its folders.
std::vector<PluginFile> pluginFilesOf(const Config& config);

/// What plugins.lock is to say: every plugin that the configuration names, as it is found now, and
/// every installed version of it.
std::vector<LockedPlugin> lockedPlugins(const Config& config);

/// What of the configuration the plugins do not agree with: unknown plugins, stages they have not,
/// settings against their schema, keys that mean nothing where they run; each with its place in the
/// file.
std::vector<ConfigProblem> checkStages(const Config& config,
                                       const std::vector<PluginFile>& plugins);

}  // namespace planwright
