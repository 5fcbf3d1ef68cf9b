#include <filesystem>
#include <memory>

#include "base/files.h"
#include "cli/command_failure.h"
#include "cli/plugin_groups.h"
#include "trial/new_plugin.h"

namespace planwright::cli {
namespace {

namespace fs = std::filesystem;

struct NewArguments {
  NewPlugin plugin;
  std::string folder;
};

ExitCode create(Session& session, const NewArguments& arguments) {
  const auto project = projectOf(arguments.plugin);
  if (!project)
    throw CommandFailure(exitCodeOf(project.error().kind), project.error().message,
                         "planwright plugin new --help");
  const fs::path folder =
      arguments.folder.empty() ? projectName(arguments.plugin.id) : arguments.folder;
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
    throw CommandFailure(ExitCode::Conflict, folder.string() + " is there already");
  for (const auto& [name, content] : *project) {
    fs::create_directories((folder / name).parent_path());
    replaceFile(folder / name, content);
    if (content.starts_with("#!"))
      fs::permissions(folder / name, fs::perms::owner_exec | fs::perms::group_exec,
                      fs::perm_options::add);
    session.terminal.out << (folder / name).string() << '\n';
  }
  session.terminal.err << "Next: see " << (folder / "README.md").string() << '\n';
  return ExitCode::Done;
}

}  // namespace

void addPluginNewCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "new", "a complete small project: code, build file, test, samples, README");
  const auto arguments = std::make_shared<NewArguments>();
  command->add_option("ID", arguments->plugin.id, "such as org.acme.conda")->required();
  command->add_option("--stage", arguments->plugin.stage, "planner, builder or source")
      ->required()
      ->check(CLI::IsMember({"planner", "builder", "source"}));
  command->add_option("--lang", arguments->plugin.language, "cpp (default), c, rust or python")
      ->default_val("cpp")
      ->check(CLI::IsMember({"cpp", "c", "rust", "python"}));
  command->add_option("--dir", arguments->folder, "a new folder; default the last part of ID");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return create(session, *arguments); };
  });
}

}  // namespace planwright::cli
