
#include "application/configuration.h"
#include "application/plugin_files.h"
#include "cli/command_groups.h"

namespace planwright::cli {
namespace {

struct CheckedFile {
  std::string file;
  bool isCompared = false, isElsewhere = false;
};

ExitCode checkConfig(Session& session, const CheckedFile& arguments) {
  const std::string& file = arguments.file;
  ReadConfig read = readConfigFile(file, std::filesystem::current_path());
  addProblems(read, checkStages(read.config, pluginFilesOf(read.config)));
  if (!arguments.isElsewhere) {
    addProblems(read, missingFiles(read.config));
    if (auto problem = lockProblem(read.config)) addProblems(read, {std::move(*problem)});
  }
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
  const auto arguments = std::make_shared<CheckedFile>();
  check->add_option("FILE", arguments->file, "the YAML file")->required();
  check->add_flag("--diff", arguments->isCompared, "also ask the server what it would change");
  check->add_flag("--elsewhere", arguments->isElsewhere,
                  "for another machine: do not look for its folders, secrets and plugins.lock");
  check->callback([&session, arguments] {
    session.action = [&session, arguments] {
      const ExitCode checked = checkConfig(session, *arguments);
      return checked == ExitCode::Done && arguments->isCompared
                 ? printDifference(session, arguments->file)
                 : checked;
    };
  });
}

}  // namespace planwright::cli
