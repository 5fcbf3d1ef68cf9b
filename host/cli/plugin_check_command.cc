#include <memory>

#include "base/files.h"
#include "cli/command_failure.h"
#include "cli/plugin_groups.h"
#include "config/units.h"
#include "trial/conformance.h"

namespace planwright::cli {
namespace {

using Verdict = CheckOutcome::Verdict;

struct CheckArguments {
  std::string file, samples, junit, timeout;
  bool json = false;
  ConformanceOptions options;
};

/// "static    manifest ok  settings-schema ok", a line per group, then every failure with its
/// remedy.
void print(Terminal& terminal, const ConformanceReport& report) {
  constexpr std::size_t kGroupWidth = 10;
  std::string group;
  for (const auto& result : report.results) {
    if (result.group != group)
      terminal.out << (group.empty() ? "" : "\n") << result.group
                   << std::string(kGroupWidth - result.group.size(), ' ');
    group = result.group;
    constexpr const char* kWords[] = {"ok", "FAIL", "skipped"};
    terminal.out << result.name << ' ' << kWords[static_cast<int>(result.outcome.verdict)] << "  ";
  }
  terminal.out << "\n\n";
  std::string said;  // all that wait for one gate say the same
  for (const auto& result : report.results) {
    if (result.outcome.verdict == Verdict::Passed || result.outcome.message == said) continue;
    said = result.outcome.message;
    const bool hasFailed = result.outcome.verdict == Verdict::Failed;
    terminal.out << terminal.status(hasFailed ? "failed" : "skipped") << ' ' << result.name << ": "
                 << printable(result.outcome.message) << '\n';
    if (hasFailed) terminal.out << "       " << result.remedy << '\n';
  }
  terminal.out << (report.id.empty() ? "the file" : report.id + " " + report.version) << ": "
               << report.count(Verdict::Passed) << " passed, " << report.count(Verdict::Failed)
               << " failed, " << report.count(Verdict::Skipped) << " skipped\n";
}

ExitCode check(Session& session, CheckArguments& arguments) {
  arguments.options.samples = arguments.samples;
  if (!arguments.timeout.empty()) {
    const auto time = parseDuration(arguments.timeout);
    if (!time) throw CommandFailure(ExitCode::Usage, "--timeout: " + time.error().message);
    arguments.options.timeout = *time;
  }
  const auto report = checkPlugin(arguments.file, arguments.options);
  if (!report)
    throw CommandFailure(exitCodeOf(report.error().kind), report.error().message,
                         "planwright plugin check --help");
  if (!arguments.junit.empty()) replaceFile(arguments.junit, report->junit());
  if (arguments.json || session.output == "json")
    session.terminal.out << report->json() << '\n';
  else
    print(session.terminal, *report);
  return report->passed() ? ExitCode::Done : ExitCode::WorkFailed;
}

}  // namespace

void addPluginCheckCommand(CLI::App& group, Session& session) {
  CLI::App* command = group.add_subcommand(
      "check", "try whether a plugin keeps its promises; each check runs it in a child process");
  const auto arguments = std::make_shared<CheckArguments>();
  command->add_option("FILE", arguments->file, "the shared object, or a program")->required();
  command->add_option("--input", arguments->samples, "a folder of inputs that it must take");
  command->add_option("--set", arguments->options.settings, "KEY=VALUE, a setting");
  command->add_option("--only", arguments->options.only, "a check or group; may stand many times");
  command->add_option("--timeout", arguments->timeout, "of one check; default 30s");
  command->add_flag("--json", arguments->json, "the report as JSON");
  command->add_option("--junit", arguments->junit, "write the report there, as JUnit XML");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return check(session, *arguments); };
  });
}

}  // namespace planwright::cli
