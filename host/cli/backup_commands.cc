#include "cli/command_groups.h"
#include "cli/configuration.h"
#include "offline/backup.h"

namespace planwright::cli {
namespace {

struct Arguments {
  ServeOptions host;
  std::string folder;
};
using Action = int (*)(const Config&, const std::filesystem::path&, std::ostream&, std::ostream&);

void addCommand(CLI::App& app, Session& session, const char* name, const char* description,
                Action action) {
  CLI::App* command = app.add_subcommand(name, description);
  const auto arguments = std::make_shared<Arguments>();
  addHostOptions(*command, arguments->host);
  command->add_option("DIR", arguments->folder, "the folder of the backup")->required();
  command->callback([&session, arguments, action] {
    session.action = [&session, arguments, action] {
      const auto config = configurationOf(arguments->host, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(
          action(*config, arguments->folder, session.terminal.out, session.terminal.err));
    };
  });
}

}  // namespace

void addBackupCommands(CLI::App& app, Session& session) {
  addCommand(app, session, "backup", "copy rows, blobs and logs of a host, running or not",
             &backup);
  addCommand(app, session, "restore", "put a backup into an empty data folder or database",
             &restore);
}

}  // namespace planwright::cli
