#include <filesystem>

#include "application/plugin_files.h"
#include "cli/command_groups.h"

namespace planwright::cli {
namespace {

ExitCode checkConfig(Session& session, const std::string& file) {
  ReadConfig read = readConfigFile(file, std::filesystem::current_path());
  if (read.ok())
    read.problems = checkStages(read.config, pluginFilesOf(read.config));
  for (const auto& problem : read.problems) session.terminal.err << problem.text() << '\n';
  if (!read.ok()) return ExitCode::Usage;
  session.terminal.out << file << ": ok, " << read.config.queues.size()
                       << (read.config.queues.size() == 1 ? " queue" : " queues") << '\n';
  return ExitCode::Done;
}

}  // namespace

void addConfigCommands(CLI::App& app, Session& session) {
  CLI::App* check = app.add_subcommand(
      "check-config", "check a configuration file and the settings of its plugins, all of it");
  const auto file = std::make_shared<std::string>();
  const auto isCompared = std::make_shared<bool>(false);
  check->add_option("FILE", *file, "the YAML file")->required();
  check->add_flag("--diff", *isCompared, "also ask the server what it would change");
  check->callback([&session, file, isCompared] {
    session.action = [&session, file, isCompared] {
      const ExitCode checked = checkConfig(session, *file);
      return checked == ExitCode::Done && *isCompared ? printDifference(session, *file) : checked;
    };
  });
}

}  // namespace planwright::cli
