#include "cli/configuration.h"

#include <filesystem>

#include "cli/plugin_files.h"
#include "config/config_reader.h"
#include "config/plugin_folders.h"

namespace planwright::cli {

std::optional<Config> configurationOf(const ServeOptions& options, Terminal& terminal) {
  const auto here = std::filesystem::current_path();
  ReadConfig read;
  if (options.configFile)
    read = readConfigFile(*options.configFile, here);
  else
    read.config = builtInConfig(here);
  if (read.ok())
    read.problems = checkStages(read.config, readPluginFiles(pluginFolders(read.config)));
  for (const auto& problem : read.problems) terminal.err << problem.text() << '\n';
  if (!read.ok()) return std::nullopt;
  Config config = std::move(read.config);
  if (options.listen) config.listen = *options.listen;
  if (options.dataFolder) {
    config.dataFolder = (here / *options.dataFolder).lexically_normal();
    config.dataFolderIsDefault = false;
  }
  if (options.roles) {
    const auto roles = parseRoles(*options.roles);
    if (!roles) {
      terminal.err << "--roles: " << roles.error().message << '\n';
      return std::nullopt;
    }
    config.roles = *roles;
  }
  return config;
}

void addHostOptions(CLI::App& command, ServeOptions& options) {
  command.add_option("--config", options.configFile, "the YAML file of the host");
  command.add_option("--data", options.dataFolder, "its data folder; default ./.planwright");
}

}  // namespace planwright::cli
