#include <filesystem>

#include "application/serve.h"
#include "base/log.h"
#include "cli/command_groups.h"
#include "cli/plugin_files.h"
#include "config/config_reader.h"
#include "config/plugin_folders.h"

namespace planwright::cli {
namespace {

struct ServeArguments {
  ServeOptions options;
  std::string logLevel = "info";
};

/// The configuration with what the command line says on top. Mistakes are printed, all of them.
std::optional<Config> configuration(const ServeOptions& options, Terminal& terminal) {
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

}  // namespace

void addServeCommand(CLI::App& app, Session& session) {
  CLI::App* serve = app.add_subcommand("serve", "run the host until SIGTERM");
  const auto arguments = std::make_shared<ServeArguments>();
  ServeOptions& options = arguments->options;
  serve->add_option("--config", options.configFile, "YAML file (host/config/README.md)");
  serve->add_option("--data", options.dataFolder, "data folder; default ./.planwright");
  serve->add_option("--listen", options.listen, "HOST:PORT; port 0 takes a free one")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return isListenAddress(text) ? std::string()
                                         : "write HOST:PORT, such as 127.0.0.1:8470";
          },
          "HOST:PORT"));
  serve->add_option("--roles", options.roles, "api,intake,plan,build,upkeep; default all");
  serve->add_option("--log-level", arguments->logLevel, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
  serve->callback([&session, arguments] {
    session.action = [&session, arguments] {
      log::configure(arguments->logLevel);
      const auto config = configuration(arguments->options, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(planwright::serve(*config, arguments->options));
    };
  });
}

}  // namespace planwright::cli
