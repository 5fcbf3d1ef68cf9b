#include "cli/host_commands.h"

#include <cstdlib>
#include <system_error>

#include "application/configuration.h"
#include "application/connection_note.h"
#include "application/plugin_files.h"
#include "application/serve.h"
#include "base/failpoints.h"
#include "base/files.h"
#include "base/log.h"
#include "base/unavailable.h"
#include "cli/command_groups.h"
#include "cli/output.h"
#include "config/access_reader.h"
#include "config/config_reader.h"
#include "config/listen_reader.h"
#include "offline/backup.h"
#include "offline/bundle.h"
#include "offline/examine.h"
#include "offline/retention_commands.h"
#include "offline/rotate_key.h"

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

struct CheckedFile {
  std::string file;
  bool isCompared = false, isElsewhere = false;
};

ExitCode checkConfig(Session& session, const CheckedFile& arguments) {
  const std::string& file = arguments.file;
  ReadConfig read = readConfigFile(file, std::filesystem::current_path());
  addProblems(read, checkStages(read.config, pluginFilesOf(read.config)));
  if (auto problem = accessProblem(read.config)) addProblems(read, {std::move(*problem)});
  if (!arguments.isElsewhere) {
    addProblems(read, missingFiles(read.config));
    if (auto problem = lockProblem(read.config)) addProblems(read, {std::move(*problem)});
  }
  for (const auto& problem : read.problems) session.terminal.err << problem.text() << '\n';
  if (!read.ok()) return ExitCode::Usage;
  session.terminal.out << file << ": ok, " << read.config.queues.size()
                       << (read.config.queues.size() == 1 ? " queue" : " queues") << '\n';
  if (!arguments.isElsewhere) session.terminal.out << connectionNote(read.config) << '\n';
  return ExitCode::Done;
}

struct DoctorArguments {
  ServeOptions where;
  ExamineOptions options;
  bool asJson = false;
  std::string bundle;  ///< a file, or empty
};

std::vector<const JsonValue*> membersOf(const JsonValue& object, const char* list) {
  std::vector<const JsonValue*> items;
  if (const JsonValue* all = find(object, list); all && all->IsArray())
    for (const auto& item : all->GetArray()) items.push_back(&item);
  return items;
}

/// A line for each check, then each violation with its item, then what to do about them.
void print(const Session& session, const JsonValue& report, const std::string& body) {
  const auto checks = membersOf(report, "checks");
  const Columns columns = {column("CHECK", "name"),
                           column("PROMISE", "promise"),
                           column("EXAMINED", "examined"),
                           {"VIOLATIONS",
                            [](const JsonValue& check) {
                              const std::string skipped = textOr(check, "skipped");
                              return skipped.empty()
                                         ? std::to_string(membersOf(check, "violations").size())
                                         : "skipped: " + printable(skipped);
                            },
                            false, false}};
  printItems(session, columns, checks, body);
  if (!session.isTable()) return;
  std::ostream& out = session.terminal.out;
  if (const JsonValue* repairs = find(report, "repairs"); repairs && repairs->IsObject())
    for (const auto& repair : repairs->GetObject())
      out << "repaired " << repair.name.GetString() << ' ' << repair.value.GetInt64() << '\n';
  for (const JsonValue* check : checks) {
    const auto violations = membersOf(*check, "violations");
    const auto notes = membersOf(*check, "notes");
    if (violations.empty() && notes.empty()) continue;
    out << '\n'
        << session.terminal.status(violations.empty() ? "noted" : "failed") << ' '
        << valueAt(*check, "name") << '\n';
    for (const auto* found : {&violations, &notes})
      for (const JsonValue* each : *found)
        out << "  " << valueAt(*each, "item") << ' ' << valueAt(*each, "what") << '\n';
    out << "  " << valueAt(*check, "advice") << '\n';
  }
}

/// What the host of that data folder counts, or why that is not known.
std::string metricsOf(const std::filesystem::path& dataFolder) {
  const auto line = [&](const char* name) {
    std::string text = readFile(dataFolder / name);
    while (text.ends_with('\n')) text.pop_back();
    return text;
  };
  const auto nobody = [](const std::exception& why) {
    return std::string("# No host answered: ") + why.what() + '\n';
  };
  try {
    std::error_code error;
    const bool isOpen = !std::filesystem::exists(dataFolder / "token", error);
    Client client(line("planwright.url"), isOpen ? "" : line("token"));
    return client.get("/metrics").body;
  } catch (const std::system_error& e) {
    return nobody(e);
  } catch (const CommandFailure& e) {
    return nobody(e);
  }
}

ExitCode runDoctor(Session& session, const DoctorArguments& arguments) {
  log::configure("error");
  const auto config = configurationOf(arguments.where, session.terminal);
  if (!config) return ExitCode::Usage;
  if (arguments.asJson) session.output = "json";
  try {
    const Examination done = examine(*config, arguments.options);
    if (!arguments.bundle.empty()) {
      writeBundle(*config, {done.json, metricsOf}, arguments.bundle);
      session.terminal.err << "The report is in " << arguments.bundle
                           << ". The secrets that this host knows are masked in it.\n";
    }
    const auto report = parseJson(done.json);
    print(session, *report, done.json);
    if (arguments.options.repair && boolOr(*report, "host_running", false))
      session.terminal.err << "A host runs on this data folder: it repairs by itself.\n";
    return done.isHealthy ? ExitCode::Done : ExitCode::Unhealthy;
  } catch (const Unavailable& e) {
    throw CommandFailure(ExitCode::Unreachable, e.what());
  }
}

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

std::optional<Config> configurationOf(const ServeOptions& options, Terminal& terminal) {
  ReadConfig read = readConfiguration(options);
  for (const auto& problem : read.problems) {
    if (!problem.place.isBuiltIn()) terminal.err << problem.place.text() << ": ";
    terminal.err << problem.message << '\n';
  }
  if (!read.ok()) return std::nullopt;
  return std::move(read.config);
}

void addHostOptions(CLI::App& command, ServeOptions& options) {
  command.add_option("--config", options.configFile, "the YAML file of the host");
  command.add_option("--data", options.dataFolder, "its data folder; default ./.planwright");
}

void addRotateCommand(CLI::App& group, Session& session) {
  CLI::App* command =
      group.add_subcommand("rotate", "give the host a new key; what the old one signed stays good");
  const auto host = std::make_shared<ServeOptions>();
  addHostOptions(*command, *host);
  command->callback([&session, host] {
    session.action = [&session, host] {
      const auto config = configurationOf(*host, session.terminal);
      if (!config) return ExitCode::Usage;
      return static_cast<ExitCode>(rotateKey(*config, session.terminal.out));
    };
  });
}

void addServeCommand(CLI::App& app, Session& session) {
  CLI::App* serve = app.add_subcommand("serve", "run the host until SIGTERM");
  const auto arguments = std::make_shared<ServeArguments>();
  ServeOptions& options = arguments->options;
  serve->add_option("--config", options.configFile, "YAML file (host/config/README.md)");
  serve->add_option("--data", options.dataFolder, "data folder; default ./.planwright");
  serve->add_option("--listen", options.listen, "HOST:PORT or unix:PATH; port 0 takes a free one")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const auto address = listenAddress(text, "/");
            return address ? std::string() : address.error().message;
          },
          "ADDRESS"));
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

void addDoctorCommand(CLI::App& app, Session& session) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "check that nothing was lost, done twice or is stuck; exit code 9 if something is");
  const auto arguments = std::make_shared<DoctorArguments>();
  doctor->add_option("--config", arguments->where.configFile, "the YAML file of the host");
  doctor->add_option("--data", arguments->where.dataFolder,
                     "its data folder; default ./.planwright");
  doctor->add_flag("--repair", arguments->options.repair,
                   "let reconcile put right what it may, if no host runs");
  doctor->add_flag("--quick", arguments->options.isQuick, "do not read large blobs");
  doctor->add_option("--bundle", arguments->bundle,
                     "write a report without secrets to this file (tar.gz)");
  doctor->add_flag("--json", arguments->asJson, "the same as -o json");
  doctor->callback([&session, arguments] {
    session.action = [&session, arguments] { return runDoctor(session, *arguments); };
  });
}

void addRetentionCommands(CLI::App& app, Session& session) {
  addPrune(app, session);
  addCollect(app, session);
}

void addBackupCommands(CLI::App& app, Session& session) {
  addCommand(app, session, "backup", "copy rows, blobs and logs of a host, running or not",
             &backup);
  addCommand(app, session, "restore", "put a backup into an empty data folder or database",
             &restore);
}

}  // namespace planwright::cli
