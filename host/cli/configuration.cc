#include "cli/configuration.h"

#include "application/configuration.h"

namespace planwright::cli {

std::optional<Config> configurationOf(const ServeOptions& options, Terminal& terminal) {
  ReadConfig read = readConfiguration(options);
  for (const auto& problem : read.problems) {
    if (!problem.place.isBuiltIn()) terminal.err << problem.place.text() << ": ";
    terminal.err << problem.message << '\n';
  }
  if (!read.ok()) return std::nullopt;
  return std::move(read.config);
}

void addHostOptions(CLI::App& command, ServeOptions& options) {
  command.add_option("--config", options.configFile, "the YAML file of the host");
  command.add_option("--data", options.dataFolder, "its data folder; default ./.planwright");
}

}  // namespace planwright::cli
