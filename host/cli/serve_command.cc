#include <cstdlib>

#include "application/configuration.h"
#include "application/serve.h"
#include "base/failpoints.h"
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

/// For the chaos tests (base/failpoints.h).
bool readFailpoints(Terminal& terminal) {
  const char* text = std::getenv("PLANWRIGHT_FAILPOINTS");
  const auto done = turnOnFailpoints(text ? text : "");
  if (!done) terminal.err << "PLANWRIGHT_FAILPOINTS: " << done.error().message << '\n';
  return static_cast<bool>(done);
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
      if (!readFailpoints(session.terminal)) return ExitCode::Usage;
      const auto config = configurationOf(arguments->options, session.terminal);
      if (!config) return ExitCode::Usage;
      if (const auto problem = lockProblem(*config)) {
        session.terminal.err << problem->text() << '\n';
        return ExitCode::Usage;
      }
      return static_cast<ExitCode>(planwright::serve(*config, arguments->options));
    };
  });

  // Hidden: for people who work on planwright.
  CLI::App* failpoints = app.add_subcommand("failpoints", "names for PLANWRIGHT_FAILPOINTS");
  failpoints->group("");
  failpoints->callback([&session] {
    session.action = [&session] {
      for (const auto name : kFailpoints) session.terminal.out << name << '\n';
      return ExitCode::Done;
    };
  });
}

}  // namespace planwright::cli
