#include "application/plugin_files.h"
#include "base/files.h"
#include "base/scratch_folder.h"
#include "cli/command_groups.h"
#include "cli/host_commands.h"
#include "cli/output.h"
#include "stages/plugin_lock.h"
#include "stages/plugin_store.h"
#include "stages/program_plugin.h"
#include "stages/registry.h"
#include "trial/trial_programs.h"

namespace planwright::cli {
namespace {

struct StoreArguments {
  ServeOptions host;
  std::string name;  ///< a file, a digest, a queue
};

PluginStore storeOf(const ServeOptions& options, Terminal& terminal) {
  const auto config = configurationOf(options, terminal);
  if (!config) throw CommandFailure(ExitCode::Usage, "the configuration has mistakes");
  return pluginStoreOf(*config);
}

/// Loads the copy in a process of its own, with the rights that it will have in a host.
Result<void> probe(const std::filesystem::path& copy) {
  TrialPrograms programs;
  const auto own = ScratchFolder::below({});
  PluginOptions options{{}, own.path() / "store", own.path() / "work"};
  options.folders = {copy.parent_path()};
  const Plugins plugins(options, programs);
  const PluginInfo& found = plugins.all().at(0);
  if (found.error.empty()) return {};
  return invalid(found.error);
}

ExitCode install(Session& session, const StoreArguments& arguments) {
  if (isProgram(arguments.name))
    throw CommandFailure(
        ExitCode::Usage,
        arguments.name +
            " is a program, which runs where it stands: there is nothing to install. "
            "Write plugin: exec:PATH in the configuration; PATH is relative to it");
  auto store = storeOf(arguments.host, session.terminal);
  const auto plugin = store.install(arguments.name, probe);
  if (!plugin)
    throw CommandFailure(exitCodeOf(plugin.error().kind),
                         arguments.name + " is not installed: " + plugin.error().message,
                         "planwright plugin check " + arguments.name);
  session.terminal.out << "installed " << plugin->id << ' ' << plugin->version << ' '
                       << plugin->digest << '\n'
                       << "See: planwright plugin reload QUEUE\n";
  return ExitCode::Done;
}

ExitCode list(Session& session, const StoreArguments& arguments) {
  const auto plugins = storeOf(arguments.host, session.terminal).all();
  for (const auto& plugin : plugins)
    session.terminal.out << plugin.id << "  " << plugin.version << "  " << plugin.digest << "  "
                         << plugin.installedAt << '\n';
  if (plugins.empty()) session.terminal.err << "no plugins are installed\n";
  return ExitCode::Done;
}

ExitCode removeOne(Session& session, const StoreArguments& arguments) {
  auto store = storeOf(arguments.host, session.terminal);
  const auto removed = store.remove(arguments.name);
  if (!removed)
    throw CommandFailure(exitCodeOf(removed.error().kind), removed.error().message,
                         "planwright plugin ls");
  session.terminal.out << "removed " << removed->id << ' ' << removed->version << '\n';
  return ExitCode::Done;
}

ExitCode ask(Session& session, const std::string& queue, const std::string& what) {
  const Reply reply =
      session.client().send("POST", "/api/queues/" + urlEncoded(queue) + "/plugins/" + what, "{}");
  if (!reply.ok()) throw failureOf(reply, "planwright plugin ls");
  const auto answer = parseJson(reply.body);
  if (!answer || !session.isTable()) {
    session.terminal.out << reply.body << '\n';
    return ExitCode::Done;
  }
  for (const auto& plugin : find(*answer, "plugins")->GetArray())
    session.terminal.out << textOr(plugin, "id") << ' ' << valueAt(plugin, "from.version") << " -> "
                         << valueAt(plugin, "to.version") << '\n';
  const std::string state = textOr(*answer, "state");
  session.terminal.out << "queue " << queue << ": "
                       << (state == "trial"
                               ? "the next " + valueAt(*answer, "trial_items") +
                                     " items try generation " + valueAt(*answer, "generation")
                           : state == "unchanged"
                               ? "it runs what was installed last"
                               : "generation " + valueAt(*answer, "generation") + " is in force")
                       << '\n';
  return ExitCode::Done;
}

ExitCode lock(Session& session, const StoreArguments& arguments) {
  const auto config = configurationOf(arguments.host, session.terminal);
  if (!config) return ExitCode::Usage;
  if (config->file.empty())
    throw CommandFailure(ExitCode::Usage, "plugins.lock stands beside a configuration file",
                         "planwright plugin lock --config FILE");
  const auto lock = PluginLock::of(lockedPlugins(*config));
  replaceFile(PluginLock::fileBeside(config->file), lock.json());
  session.terminal.out << "wrote " << PluginLock::fileBeside(config->file).string() << " with "
                       << lock.size() << " plugins\n";
  return ExitCode::Done;
}

ExitCode release(Session& session, const std::string& id) {
  const Reply reply =
      session.client().send("POST", "/api/plugins/" + urlEncoded(id) + "/release", "{}");
  if (!reply.ok()) throw failureOf(reply, "planwright plugins");
  const auto answer = parseJson(reply.body);
  if (!answer || !session.isTable()) {
    session.terminal.out << reply.body << '\n';
    return ExitCode::Done;
  }
  for (const auto& version : find(*answer, "released")->GetArray())
    session.terminal.out << "released " << id << ' ' << textOr(version, "version") << ' '
                         << textOr(version, "digest") << '\n';
  return ExitCode::Done;
}

using StoreAction = ExitCode (*)(Session&, const StoreArguments&);

/// `argument` may be null: it takes none.
void add(CLI::App& group, Session& session, const char* name, const char* about,
         const char* argument, StoreAction action) {
  CLI::App* command = group.add_subcommand(name, about);
  const auto arguments = std::make_shared<StoreArguments>();
  if (argument) command->add_option(argument, arguments->name)->required();
  addHostOptions(*command, arguments->host);
  command->callback([&session, arguments, action] {
    session.action = [&session, arguments, action] { return action(session, *arguments); };
  });
}

}  // namespace

void addPluginStoreCommands(CLI::App& group, Session& session) {
  add(group, session, "install", "try a plugin in a child and copy it into the data folder", "FILE",
      install);
  add(group, session, "ls", "the installed plugins, the newest last", nullptr, list);
  add(group, session, "remove", "delete an installed plugin that no queue runs", "ID@VERSION",
      removeOne);
  add(group, session, "lock", "write plugins.lock: what the configuration may load", nullptr, lock);
  CLI::App* again = group.add_subcommand("release", "run a quarantined plugin again");
  const auto id = std::make_shared<std::string>();
  again->add_option("ID", *id)->required();
  again->callback(
      [&session, id] { session.action = [&session, id] { return release(session, *id); }; });
  for (const auto& [name, about] :
       {std::pair{"reload", "let a queue try what was installed last, and then run it"},
        std::pair{"rollback", "let a queue run again what it ran before"}}) {
    CLI::App* command = group.add_subcommand(name, about);
    const auto queue = std::make_shared<std::string>();
    command->add_option("QUEUE", *queue)->required();
    command->callback([&session, queue, what = std::string(name)] {
      session.action = [&session, queue, what] { return ask(session, *queue, what); };
    });
  }
}

}  // namespace planwright::cli
