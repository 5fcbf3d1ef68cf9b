#include "application/serve.h"
#include "base/log.h"
#include "cli/command_groups.h"
#include "cli/configuration.h"
#include "config/config_reader.h"

namespace planwright::cli {
namespace {

struct ServeArguments {
  ServeOptions options;
  std::string logLevel = "info";
};

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
      const auto config = configurationOf(arguments->options, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(planwright::serve(*config, arguments->options));
    };
  });
}

}  // namespace planwright::cli
