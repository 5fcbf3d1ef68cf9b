#include "application/configuration.h"

#include <algorithm>

#include <unistd.h>

#include "application/plugin_files.h"
#include "base/closed_paths.h"
#include "base/json.h"
#include "config/access_reader.h"
#include "config/listen_reader.h"
#include "stages/plugin_lock.h"

namespace planwright {
namespace {

/// Paths that a stage lets its programs read, with their places. What is no path is none.
std::vector<std::pair<std::string, std::string>> readablePaths(const StageConfig& stage) {
  std::vector<std::pair<std::string, std::string>> paths;
  const auto settings = parseJson(stage.settingsJson);
  for (const auto& path : stage.programs.readable) paths.emplace_back("/readable", path);
  for (const char* key : {"readable", "find_links"})
    if (settings && stage.plugin.starts_with("planwright."))
      for (const auto& path : textsOf(*settings, key))
        if (path.starts_with('/')) paths.emplace_back("/settings/" + std::string(key), path);
  return paths;
}

/// If the host is root, what its programs are to read and may not.
std::vector<ConfigProblem> closedPaths(const Config& config) {
  std::vector<ConfigProblem> problems;
  if (::geteuid() != 0) return problems;
  const auto look = [&](const StageConfig& stage) {
    if (stage.programs.sandbox == "none") return;
    for (const auto& [key, path] : readablePaths(stage))
      if (const std::string why = whyClosedToOthers(path); !why.empty())
        problems.push_back({config.placeOf(stage.pointer + key),
                            key.substr(key.rfind('/') + 1) + " names " + path +
                                ", which programs cannot read, because they run as users of their "
                                "own: " +
                                why});
  };
  for (const auto& queue : config.queues) {
    for (const auto& source : queue.sources) look(source);
    for (const auto& planner : queue.planners) look(planner);
    look(queue.builder);
  }
  return problems;
}

/// Secrets and tokens whose file is not there.
void addMissingSecrets(const Config& config, std::vector<ConfigProblem>& problems) {
  const auto look = [&](const SecretSource& source, const std::string& pointer,
                        const std::string& what, const std::string& remedy) {
    std::error_code error;
    if (source.file.empty() || std::filesystem::exists(source.file, error) ||
        (error && error != std::errc::no_such_file_or_directory))
      return;
    problems.push_back({config.placeOf(pointer + "/file"),
                        "the " + what + " has no file " + source.file.string() + "; write its " +
                            remedy + ", or name another file"});
  };
  for (const auto& [name, source] : config.secrets)
    look(source, "/secrets/" + name, "secret " + name, "value there");
  const auto& tokens = config.access.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    look(tokens[i].source, "/access/tokens/" + std::to_string(i), "token " + tokens[i].caller.name,
         "text there (`openssl rand -base64 32`)");
}

}  // namespace

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
  if (options.listen) {
    if (auto address = listenAddress(*options.listen, here))
      config.listen.address = std::move(*address);
    else
      read.problems.push_back({{}, "--listen: " + address.error().message});
  }
  if (options.dataFolder) {
    config.dataFolder = (here / *options.dataFolder).lexically_normal();
    config.dataFolderIsDefault = false;
  }
  addProblems(read, checkStages(config, pluginFilesOf(config)));
  if (options.roles) {
    const auto roles = parseRoles(*options.roles);
    if (roles)
      config.roles = *roles;
    else
      read.problems.push_back({{}, "--roles: " + roles.error().message});
  }
  if (auto problem = accessProblem(config)) addProblems(read, {std::move(*problem)});
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
  addMissingSecrets(config, problems);
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
  for (auto& problem : closedPaths(config)) problems.push_back(std::move(problem));
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
