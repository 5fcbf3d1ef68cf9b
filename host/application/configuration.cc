#include "application/configuration.h"

#include <algorithm>

#include "application/plugin_files.h"
#include "base/json.h"
#include "stages/plugin_lock.h"

namespace planwright {

ReadConfig readConfiguration(const ServeOptions& options, const std::optional<std::string>& text) {
  const auto here = std::filesystem::current_path();
  ReadConfig read;
  if (text)
    read = readConfigText(*text, options.configFile.value_or("planwright.yaml"), here);
  else if (options.configFile)
    read = readConfigFile(*options.configFile, here);
  else
    read.config = builtInConfig(here);
  Config& config = read.config;
  if (options.listen) config.listen = *options.listen;
  if (options.dataFolder) {
    config.dataFolder = (here / *options.dataFolder).lexically_normal();
    config.dataFolderIsDefault = false;
  }
  addProblems(read, checkStages(config, pluginFilesOf(config)));
  if (!options.roles) return read;
  const auto roles = parseRoles(*options.roles);
  if (roles)
    config.roles = *roles;
  else
    read.problems.push_back({{}, "--roles: " + roles.error().message});
  return read;
}

void addProblems(ReadConfig& read, std::vector<ConfigProblem> more) {
  const auto known = read.problems;
  for (auto& problem : more)
    if (problem.place.isBuiltIn() ||
        std::none_of(known.begin(), known.end(),
                     [&](const ConfigProblem& each) { return each.place == problem.place; }))
      read.problems.push_back(std::move(problem));
  std::sort(read.problems.begin(), read.problems.end());
}

std::vector<ConfigProblem> missingFiles(const Config& config) {
  std::vector<ConfigProblem> problems;
  std::error_code error;
  for (const auto& [name, source] : config.secrets)
    if (!source.file.empty() && !std::filesystem::exists(source.file, error) &&
        (!error || error == std::errc::no_such_file_or_directory))
      problems.push_back({config.placeOf("/secrets/" + name + "/file"),
                          "the secret " + name + " has no file " + source.file.string() +
                              "; write its value there, or name another file"});
  if (config.file.empty()) return problems;  // the built-in folder is made
  for (const auto& queue : config.queues)
    for (const auto& source : queue.sources) {
      if (source.plugin != "planwright.folder") continue;
      const auto settings = parseJson(source.settingsJson);
      const std::string path = settings ? textOr(*settings, "path") : "";
      if (path.empty() || std::filesystem::is_directory(path, error)) continue;
      const bool isFile = std::filesystem::exists(path, error);
      if (!isFile && error && error != std::errc::no_such_file_or_directory) continue;
      problems.push_back(
          {config.placeOf(source.settingsPointer("/path")),
           "queue \"" + queue.name + "\" watches " + path +
               (isFile ? ", which is no folder; name a folder"
                       : ", which does not exist; make it (mkdir -p) with the rights "
                         "that people and the host need, or name another folder")});
    }
  std::sort(problems.begin(), problems.end());
  return problems;
}

std::optional<ConfigProblem> lockProblem(const Config& config) {
  if (!config.plugins.requireLock) return std::nullopt;
  const auto lock = PluginLock::read(PluginLock::fileBeside(config.file));
  if (lock) return std::nullopt;
  return ConfigProblem{config.placeOf("/plugins/require_lock"), lock.error().message};
}

}  // namespace planwright
