#include "cli/command_groups.h"
#include "cli/watching.h"
#include "config/units.h"

namespace planwright::cli {
namespace {

struct WatchArguments {
  std::string kind;
  std::int64_t id = 0;
  std::string timeout, waitStart, interval = "400ms";
  bool failFast = false;
  bool exitZero = false;
};

std::optional<std::chrono::milliseconds> span(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto parsed = parseDuration(text);
  if (!parsed) throw CommandFailure(ExitCode::Usage, parsed.error().message);
  return *parsed;
}

ExitCode watchItem(Session& session, const WatchArguments& arguments) {
  WatchOptions options;
  options.timeout = span(arguments.timeout);
  options.waitStart = span(arguments.waitStart);
  options.interval = span(arguments.interval).value_or(options.interval);
  options.failFast = arguments.failFast;
  const auto watchIt = arguments.kind == "plan"    ? watchPlan
                       : arguments.kind == "build" ? watchBuild
                                                   : watchInput;
  const WatchEnd end = watchIt(session, arguments.id, options);
  const std::string what = arguments.kind + " " + std::to_string(arguments.id);
  session.terminal.out << what << ' ' << end.status << '\n';
  if (end.succeeded || arguments.exitZero) return ExitCode::Done;
  throw CommandFailure(ExitCode::WorkFailed,
                       what + " " + end.status + (end.message.empty() ? "" : ": " + end.message),
                       end.planId > 0
                           ? "planwright logs --plan " + std::to_string(end.planId) + " --failed"
                           : "planwright " + what);
}

}  // namespace

void addWatchCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "watch", "follow the work on an item; the exit code is its outcome. Ctrl-C cancels nothing");
  const auto arguments = std::make_shared<WatchArguments>();
  command->add_option("KIND", arguments->kind, "plan, build or input")
      ->required()
      ->check(CLI::IsMember({"plan", "build", "input"}));
  command->add_option("ID", arguments->id, "its id")->required();
  command->add_option("--timeout", arguments->timeout, "give up after, such as 10min");
  command->add_option("--wait-start", arguments->waitStart, "give up if it has not begun after");
  command->add_option("--interval", arguments->interval, "time between looks");
  command->add_flag("--fail-fast", arguments->failFast, "end at the first failed job");
  command->add_flag("--exit-zero", arguments->exitZero, "exit 0 whatever the outcome");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return watchItem(session, *arguments); };
  });
}

}  // namespace planwright::cli
