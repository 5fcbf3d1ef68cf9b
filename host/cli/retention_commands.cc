#include "offline/retention_commands.h"

#include "cli/command_groups.h"
#include "cli/configuration.h"

namespace planwright::cli {
namespace {

struct PruneArguments {
  ServeOptions host;
  PruneOptions options;
};
struct CollectArguments {
  ServeOptions host;
  CollectOptions options;
};

void addPrune(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("prune", "delete what ended longer ago than the queues keep it");
  const auto arguments = std::make_shared<PruneArguments>();
  addHostOptions(*command, arguments->host);
  command->add_option("--queue", arguments->options.queue, "only this queue");
  command->add_flag("--dry-run", arguments->options.isDryRun, "only say how much");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] {
      const auto config = configurationOf(arguments->host, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(
          prune(*config, arguments->options, session.terminal.out, session.terminal.err));
    };
  });
}

void addCollect(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("gc", "delete blobs that nothing reaches any more");
  const auto arguments = std::make_shared<CollectArguments>();
  addHostOptions(*command, arguments->host);
  command->add_flag("--dry-run", arguments->options.isDryRun, "only say how much");
  command->add_option("--explain", arguments->options.explain, "say who reaches this digest");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] {
      const auto config = configurationOf(arguments->host, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(
          collect(*config, arguments->options, session.terminal.out, session.terminal.err));
    };
  });
}

}  // namespace

void addRetentionCommands(CLI::App& app, Session& session) {
  addPrune(app, session);
  addCollect(app, session);
}

}  // namespace planwright::cli
