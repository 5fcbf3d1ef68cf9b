#include <filesystem>

#include "cli/command_groups.h"
#include "config/config_reader.h"

namespace planwright::cli {
namespace {

ExitCode checkConfig(Session& session, const std::string& file) {
  const ReadConfig read = readConfigFile(file, std::filesystem::current_path());
  for (const auto& problem : read.problems) session.terminal.err << problem.text() << '\n';
  if (!read.ok()) return ExitCode::Usage;
  session.terminal.out << file << ": ok, " << read.config.queues.size() << " queue(s)\n";
  return ExitCode::Done;
}

}  // namespace

void addConfigCommands(CLI::App& app, Session& session) {
  CLI::App* check = app.add_subcommand("check-config", "check a configuration file, all of it");
  const auto file = std::make_shared<std::string>();
  check->add_option("FILE", *file, "the YAML file")->required();
  check->callback([&session, file] {
    session.action = [&session, file] { return checkConfig(session, *file); };
  });
}

}  // namespace planwright::cli
