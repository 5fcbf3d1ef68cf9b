#include "application/plugin_files.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/digest.h"
#include "base/files.h"
#include "base/own_program.h"
#include "config/section_reader.h"
#include "embedded/service_account.h"
#include "stages/plugin_store.h"
#include "stages/program_plugin.h"
#include "stages/registry.h"
#include "workers/live_queue.h"

namespace planwright {
namespace {

/// Looks at the stages of one configuration.
class StageCheck {
 public:
  StageCheck(const Config& config, const std::vector<PluginFile>& plugins)
      : config_(config),
        plugins_(plugins) {}

  void check(const StageConfig& stage, const std::string& kind) {
    if (stage.plugin.empty()) return;  // said already
    if (stage.plugin == kManualSource && kind == "source") return;
    const PluginFile* plugin = find(stage.plugin);
    isAnyStrict_ = isAnyStrict_ || !plugin || !plugin->error.empty();  // who knows
    if (!plugin) return complain(stage.pointer + "/plugin", missing(stage.plugin));
    if (!plugin->error.empty())
      return complain(stage.pointer + "/plugin", stage.plugin + ": " + plugin->error);
    if (!provides(plugin->manifest, kind))
      return complain(stage.pointer + "/plugin", stage.plugin + " is no " + kind);
    for (const auto& [pointer, name] : stage.secretSettings)
      checkSecret(stage, plugin->manifest, pointer);
    if (kind != "builder") checkGranted(stage, plugin->manifest);
    const auto settings =
        settingsWithDefaults(plugin->manifest.settingsSchemaJson, stage.settingsJson);
    if (!settings)
      complain(stage.settingsPointer(settings.error().pointer),
               "settings of " + stage.plugin + ": " + settings.error().message);
    checkRoom(stage, *plugin, kind);
  }

  /// Keys for the process of a stage have no effect if the stage runs inside the host.
  void checkRoom(const StageConfig& stage, const PluginFile& plugin, const std::string& kind) {
    const auto where = whereItRuns(plugin.manifest, plugin.isBundled, isolationOf(stage));
    if (!where) return complain(stage.pointer + "/isolation", where.error().message);
    const WorkerSandboxConfig& sandbox = stage.workerSandbox;
    const bool isHere = *where == StageRoom::Isolation::Inproc;
    const auto refuse = [&](const char* key, const std::string& why) {
      complain(stage.pointer + "/" + key, key + (" " + why));
    };
    const std::string remedy = "means nothing for " + stage.plugin +
                               ", which runs inside the host; write isolation: process";
    if (kind != "builder" && !startsPrograms(plugin.manifest)) {
      const std::string none = "means nothing for " + stage.plugin + ", which starts no programs";
      if (isHere && isWritten(stage, "limits") && stage.limits != LimitsConfig())
        refuse("limits", none + " and runs inside the host; write isolation: process");
      for (const char* key : {"sandbox", "network", "readable"})
        if (isWritten(stage, key)) refuse(key, none + "; remove it");
    }
    if (isHere && isWritten(stage, "worker_sandbox") && sandbox.profile == "strict")
      refuse("worker_sandbox", remedy);
    if (sandbox.network && !plugin.manifest.network && isWritten(stage, "worker_sandbox"))
      refuse("worker_sandbox", "cannot give " + stage.plugin +
                                   " the network, which its manifest does not ask for; "
                                   "remove network: true");
    isAnyStrict_ = isAnyStrict_ || (!isHere && sandbox.profile == "strict");
  }

  /// A key that a queue says for all of its stages must have an effect in at least one of them.
  void checkShared(const QueueConfig& queue) {
    const bool isWanted = queue.builder.workerSandbox.profile == "strict" &&
                          !isWritten(queue.builder, "worker_sandbox");
    if (!std::exchange(isAnyStrict_, false) && isWanted)
      complain(queue.pointer + "/worker_sandbox",
               "worker_sandbox means nothing here: no planner or builder of this queue runs in a "
               "process of its own; write isolation: process");
  }

  /// A setting that is written as `!secret NAME` reaches the plugin only when it asks.
  void checkSecret(const StageConfig& stage, const Manifest& manifest, const std::string& pointer) {
    const std::string asked = pointer.substr(pointer.rfind('/') + 1);
    const auto& names = manifest.secrets;
    if (std::find(names.begin(), names.end(), asked) != names.end()) return;
    complain(stage.settingsPointer(pointer),
             stage.plugin + " has no secret named " + asked +
                 " in its manifest, so it would never get it; write a value, or no !secret");
  }

  /// A source or planner gets only what its manifest lists.
  void checkGranted(const StageConfig& stage, const Manifest& manifest) {
    for (const auto& [name, source] : stage.secrets)
      if (std::find(manifest.secrets.begin(), manifest.secrets.end(), name) ==
          manifest.secrets.end())
        complain(stage.pointer + "/secrets", stage.plugin + " has no secret named " + name +
                                                 " in its manifest, so it would never get it; "
                                                 "remove it");
  }

  std::vector<ConfigProblem> take() { return std::move(problems_); }

 private:
  const PluginFile* find(const std::string& id) const {
    const auto found = std::find_if(plugins_.begin(), plugins_.end(),
                                    [&](const PluginFile& p) { return p.manifest.id == id; });
    return found == plugins_.end() ? nullptr : &*found;
  }

  /// A program as plugin is one itself.
  static bool startsPrograms(const Manifest& manifest) {
    return !programOf(manifest.id).empty() || !manifest.exec || !manifest.exec->empty();
  }

  /// A builder may build here, or on another engine.
  static bool provides(const Manifest& manifest, const std::string& kind) {
    return manifest.provides("planwright." + kind + "/1") ||
           (kind == "builder" && manifest.provides("planwright.remote-builder/1"));
  }

  std::string missing(const std::string& id) const {
    std::vector<std::string> known;
    std::string list;
    for (const auto& plugin : plugins_) {
      if (!plugin.error.empty()) continue;
      known.push_back(plugin.manifest.id);
      list += (list.empty() ? "" : ", ") + plugin.manifest.id;
    }
    const std::string near = nearestName(id, known);
    return "there is no plugin " + id +
           (near.empty() ? "; found were " + (list.empty() ? "none" : list)
                         : "; did you mean " + near + "?");
  }

  /// At the stage itself, not for all stages of its queue.
  bool isWritten(const StageConfig& stage, const char* key) const {
    return config_.places.contains(stage.pointer + "/" + key);
  }

  void complain(const std::string& pointer, std::string message) {
    problems_.push_back({config_.placeOf(pointer), std::move(message)});
  }

  const Config& config_;
  const std::vector<PluginFile>& plugins_;
  std::vector<ConfigProblem> problems_;
  bool isAnyStrict_ = false;  ///< of the queue that is looked at
};

std::set<std::string> pluginsNamed(const Config& config) {
  std::set<std::string> ids;
  for (const auto& queue : config.queues) ids.merge(pluginsUsed(queue));
  return ids;
}

PluginFile readProgramFile(const std::filesystem::path& path) {
  PluginFile plugin;
  plugin.path = path;
  try {
    auto program = readProgram(path, ManifestReader());
    if (program) {
      plugin.digest = program->digest;
      plugin.manifest = std::move(program->manifest);
      plugin.sizeBytes = std::filesystem::file_size(path);
    } else {
      plugin.error = program.error().message;
    }
  } catch (const std::system_error& e) {
    plugin.error = e.what();
  }
  plugin.manifest.id = "exec:" + path.string();
  return plugin;
}

}  // namespace

PluginFile readPluginFile(const std::filesystem::path& path) {
  if (path.extension() != ".so" && isProgram(path))
    return readProgramFile(std::filesystem::absolute(path).lexically_normal());
  PluginFile plugin;
  plugin.path = path;
  try {
    const std::string bytes = readFile(path);
    plugin.sizeBytes = bytes.size();
    plugin.digest = Digest::of(bytes).text();
    const auto section = manifestSection(bytes);
    if (!section) {
      plugin.error = section.error().message;
      return plugin;
    }
    auto manifest = ManifestReader().parse(*section);
    if (manifest)
      plugin.manifest = std::move(*manifest);
    else
      plugin.error = manifest.error().message;
  } catch (const std::system_error& e) {
    plugin.error = e.what();
  }
  return plugin;
}

std::vector<PluginFile> readPluginFiles(const std::vector<std::filesystem::path>& folders) {
  std::vector<PluginFile> plugins;
  for (const auto& folder : folders) {
    std::error_code ignored;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
      if (entry.path().extension() == ".so") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) plugins.push_back(readPluginFile(file));
  }
  return plugins;
}

PluginStore pluginStoreOf(const Config& config) {
  return PluginStore(usableDataFolder(config.dataFolder) / "plugins");
}

std::vector<PluginFile> pluginFilesOf(const Config& config) {
  std::vector<PluginFile> plugins;
  const auto installed = pluginStoreOf(config).all();
  for (auto at = installed.rbegin(); at != installed.rend(); ++at)
    plugins.push_back(readPluginFile(at->file));
  for (auto& plugin : readPluginFiles(bundledPluginFolders())) {
    plugin.isBundled = true;
    plugins.push_back(std::move(plugin));
  }
  for (auto& plugin : readPluginFiles(config.plugins.path)) plugins.push_back(std::move(plugin));
  for (const auto& id : pluginsNamed(config))
    if (const auto program = programOf(id); !program.empty())
      plugins.push_back(readProgramFile(program));
  return plugins;
}

std::vector<LockedPlugin> lockedPlugins(const Config& config) {
  const std::set<std::string> used = pluginsNamed(config);
  std::vector<LockedPlugin> locked;
  for (const auto& plugin : pluginFilesOf(config)) {
    const Manifest& manifest = plugin.manifest;
    if (!plugin.error.empty() || !used.contains(manifest.id)) continue;
    const auto document = parseJson(manifest.json);
    const JsonValue* permissions = document ? find(*document, "permissions") : nullptr;
    locked.push_back({manifest.id, manifest.version, plugin.digest,
                      permissions ? toJson(*permissions) : "{}", manifest.secrets});
  }
  return locked;
}

std::vector<ConfigProblem> checkStages(const Config& config,
                                       const std::vector<PluginFile>& plugins) {
  StageCheck check(config, plugins);
  for (const auto& queue : config.queues) {
    for (const auto& source : queue.sources) check.check(source, "source");
    for (const auto& planner : queue.planners) check.check(planner, "planner");
    check.check(queue.builder, "builder");
    check.checkShared(queue);
  }
  auto problems = check.take();
  std::sort(problems.begin(), problems.end());
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  return problems;
}

}  // namespace planwright
