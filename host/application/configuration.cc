#include "application/configuration.h"

#include "application/plugin_files.h"

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
  if (read.ok()) read.problems = checkStages(config, pluginFilesOf(config));
  if (!options.roles) return read;
  const auto roles = parseRoles(*options.roles);
  if (roles)
    config.roles = *roles;
  else
    read.problems.push_back({{}, "--roles: " + roles.error().message});
  return read;
}

}  // namespace planwright
