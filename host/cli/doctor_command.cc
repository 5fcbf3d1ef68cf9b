#include "base/log.h"
#include "base/unavailable.h"
#include "cli/command_groups.h"
#include "cli/configuration.h"
#include "cli/output.h"
#include "offline/examine.h"

namespace planwright::cli {
namespace {

struct DoctorArguments {
  ServeOptions where;
  ExamineOptions options;
  bool asJson = false;
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
    if (violations.empty()) continue;
    out << '\n' << session.terminal.status("failed") << ' ' << valueAt(*check, "name") << '\n';
    for (const JsonValue* violation : violations)
      out << "  " << valueAt(*violation, "item") << ' ' << valueAt(*violation, "what") << '\n';
    out << "  " << valueAt(*check, "advice") << '\n';
  }
}

ExitCode runDoctor(Session& session, const DoctorArguments& arguments) {
  log::configure("error");
  const auto config = configurationOf(arguments.where, session.terminal);
  if (!config) return ExitCode::Usage;
  if (arguments.asJson) session.output = "json";
  try {
    const Examination done = examine(*config, arguments.options);
    const auto report = parseJson(done.json);
    print(session, *report, done.json);
    if (arguments.options.repair && boolOr(*report, "host_running", false))
      session.terminal.err << "A host runs on this data folder: it repairs by itself.\n";
    return done.isHealthy ? ExitCode::Done : ExitCode::Unhealthy;
  } catch (const Unavailable& e) {
    throw CommandFailure(ExitCode::Unreachable, e.what());
  }
}

}  // namespace

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
  doctor->add_flag("--json", arguments->asJson, "the same as -o json");
  doctor->callback([&session, arguments] {
    session.action = [&session, arguments] { return runDoctor(session, *arguments); };
  });
}

}  // namespace planwright::cli
