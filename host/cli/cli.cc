#include "cli/cli.h"

#include <algorithm>
#include <exception>
#include <string_view>

#include "cli/client.h"
#include "cli/command_groups.h"
#include "config/section_reader.h"
#include "programs/keeper_process.h"
#include "programs/network_maker.h"
#include "stages/worker.h"

namespace planwright::cli {
namespace {

void addGlobalOptions(CLI::App& app, Session& session) {
  app.add_option("--server", session.server,
                 "URL of the server (else PLANWRIGHT_SERVER, ./.planwright/planwright.url, "
                 "http://127.0.0.1:8470)");
  app.add_option(
         "--cacert", session.certificates.authorities,
         "PEM file of who may have signed an https server's certificate (else SSL_CERT_FILE, "
         "else the system's)")
      ->envname("SSL_CERT_FILE");
  auto* certificate = app.add_option("--client-cert", session.certificates.own,
                                     "PEM file of a certificate for a server that asks for one");
  app.add_option("--client-key", session.certificates.key,
                 "PEM file of its key, if that is another file")
      ->needs(certificate);
  app.add_option("-o,--output", session.output, "table, wide, json, jsonl or name")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl", "name"}));
  app.add_option("--columns", session.columns, "columns of a table, such as id,status,summary.jobs")
      ->delimiter(',');
  app.add_flag("--no-headers", session.noHeaders, "no header line in tables");
  app.add_option("--color", session.color, "auto, always or never (NO_COLOR is honoured)")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.add_flag_callback(
      "--version",
      [&session] {
        session.terminal.out << "planwright " PLANWRIGHT_VERSION "\n";
        throw CLI::Success();
      },
      "the version of this program");
}

void addCommands(CLI::App& app, Session& session) {
  addServeCommand(app, session);
  addConfigCommands(app, session);
  addPluginCommands(app, session);
  addDoctorCommand(app, session);
  addStatusCommands(app, session);
  addSubmitCommand(app, session);
  addFetchCommand(app, session);
  addVerifyCommands(app, session);
  addListCommands(app, session);
  addItemCommands(app, session);
  addWhyCommand(app, session);
  addEnqueueCommands(app, session);
  addCacheCommands(app, session);
  addDeadLetterCommands(app, session);
  addWatchCommand(app, session);
  addLogCommands(app, session);
  addSettingsCommands(app, session);
  addReloadCommand(app, session);
  addAccessCommands(app, session);
  addAuditCommand(app, session);
  addWebhookCommands(app, session);
  addMaintenanceCommands(app, session);
  addRetentionCommands(app, session);
  addBackupCommands(app, session);
}

/// The word where a command was expected; CLI11 only says that one is missing.
std::string unknownCommand(const CLI::App& app, const CLI::ParseError& error) {
  const auto left = app.remaining(true);
  if (left.empty() || dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return {};
  const CLI::App* group = &app;
  while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
  std::vector<std::string> names;
  for (const auto* command : group->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  const std::string near = nearestName(left.front(), names);
  return "There is no command \"" + left.front() + "\"" +
         (near.empty() ? "." : "; did you mean \"" + near + "\"?");
}

int reportUsage(const CLI::App& app, const CLI::ParseError& error, Terminal& terminal) {
  if (const std::string wrong = unknownCommand(app, error); !wrong.empty()) {
    terminal.err << wrong << "\nRun with --help for more information.\n";
    return static_cast<int>(ExitCode::Usage);
  }
  const int code = app.exit(error, terminal.out, terminal.err);
  return code == 0 ? 0 : static_cast<int>(ExitCode::Usage);
}

int runAction(Session& session) {
  Terminal& terminal = session.terminal;
  ExitCode code = ExitCode::WorkFailed;
  try {
    code = session.action();
  } catch (const CommandFailure& failure) {
    terminal.err << "planwright: " << failure.what() << '\n';
    if (!failure.next().empty()) terminal.err << "See: " << failure.next() << '\n';
    code = failure.code();
  } catch (const std::exception& e) {
    terminal.err << "planwright: " << e.what() << '\n';
  }
  terminal.out.flush();
  if (!terminal.out && code == ExitCode::Done) {
    terminal.err << "planwright: the output could not be written\n";
    code = ExitCode::WorkFailed;
  }
  return static_cast<int>(code);
}

}  // namespace

CLI::App* addGroup(CLI::App& app, const std::string& name, const std::string& description) {
  CLI::App* group = app.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

int run(std::vector<std::string> arguments, Terminal terminal) {
  Session session(terminal);
  CLI::App app{"planwright: dropped files become plans, plans become builds", "planwright"};
  app.require_subcommand(1);
  app.fallthrough();  // global options may stand behind the command
  addGlobalOptions(app, session);
  addCommands(app, session);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return reportUsage(app, error, terminal);
  }
  if (session.color != "auto") chooseColor(session.terminal, session.color);
  return runAction(session);
}

int run(int argc, char** argv) {
  constexpr int kKeeperSocket = 3;  // hidden: started by programs/keeper.h
  if (argc > 1 && std::string_view(argv[1]) == "keeper") return keeperMain(kKeeperSocket);
  constexpr int kWorkerSocket = 0;  // hidden: started by stages/worker_process.h
  if (argc > 1 && std::string_view(argv[1]) == "plugin-worker") return workerMain(kWorkerSocket);
  // hidden: started by programs/outgoing_network.h
  if (argc > 1 && std::string_view(argv[1]) == "program-network") return networkMain(argc, argv);
  return run(std::vector<std::string>(argv + 1, argv + argc), processTerminal());
}

}  // namespace planwright::cli
