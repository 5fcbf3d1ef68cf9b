#include <filesystem>

#include "cli/command_groups.h"
#include "cli/output.h"
#include "cli/watching.h"
#include "config/units.h"

namespace planwright::cli {
namespace {

struct SubmitArguments {
  std::vector<std::string> files;
  std::string queue, name, timeout, interval = "400ms";
  bool wait = false;
  bool planOnly = false;
};

std::int64_t upload(Session& session, const SubmitArguments& arguments, const std::string& file) {
  const std::string name =
      arguments.name.empty() ? std::filesystem::path(file).filename().string() : arguments.name;
  std::string path = "/api/pending-inputs?filename=" + urlEncoded(name);
  if (!arguments.queue.empty()) path += "&queue=" + urlEncoded(arguments.queue);
  const Reply reply = session.client().upload(path, file);
  if (!reply.ok()) throw failureOf(reply, "planwright queues list");
  const auto input = parseJson(reply.body);
  const std::int64_t id = input ? numberOr(*input, "id", 0) : 0;
  if (id == 0)
    throw CommandFailure(ExitCode::Unreachable,
                         "the server did not say which input " + file + " is");
  if (session.isTable()) {
    session.terminal.out << id << std::endl;
    session.terminal.err << printable(name) << (reply.status == 201 ? ": recorded" : ": unchanged")
                         << " as input " << id << " (" << valueAt(*input, "status") << ")\n";
  } else {
    printObject(session, reply.body);
  }
  return id;
}

/// Follows an input to its plan and, unless --plan-only, the plan to its build.
ExitCode follow(Session& session, const SubmitArguments& arguments, std::int64_t input) {
  WatchOptions options;
  options.stopAtGate = true;
  for (const auto& [text, value] : {std::pair{&arguments.timeout, &options.timeout}}) {
    if (text->empty()) continue;
    const auto parsed = parseDuration(*text);
    if (!parsed) throw CommandFailure(ExitCode::Usage, parsed.error().message);
    *value = *parsed;
  }
  if (const auto parsed = parseDuration(arguments.interval)) options.interval = *parsed;
  const WatchEnd planned = watchInput(session, input, options);
  const std::string id = std::to_string(input);
  if (planned.atGate) {
    session.terminal.err << printable(planned.message) << "\nSee: planwright enqueue-plan " << id
                         << '\n';
    return ExitCode::Done;
  }
  if (!planned.succeeded)
    throw CommandFailure(ExitCode::WorkFailed,
                         "input " + id + " " + planned.status + ": " + planned.message,
                         "planwright input " + id);
  const std::string plan = std::to_string(planned.planId);
  const std::string unchanged = valueAt(
      session.client().json("/api/plans/" + plan, "planwright plans list"), "unchanged.message");
  session.terminal.err << "plan " << plan << " is made"
                       << (unchanged == "-" ? "" : ", " + printable(unchanged))
                       << ". See: planwright plan " << plan << '\n';
  if (arguments.planOnly) return ExitCode::Done;
  const WatchEnd built = watchPlan(session, planned.planId, options);
  if (built.atGate) {
    session.terminal.err << printable(built.message) << "\nSee: planwright enqueue-build " << plan
                         << '\n';
    return ExitCode::Done;
  }
  if (built.succeeded) {
    session.terminal.err << "plan " << plan << " is built\n";
    printInstallHint(session, built);
    return ExitCode::Done;
  }
  throw CommandFailure(ExitCode::WorkFailed,
                       "plan " + plan + " " + built.status + ": " + built.message,
                       "planwright logs --plan " + plan + " --failed");
}

ExitCode submit(Session& session, const SubmitArguments& arguments) {
  if (!arguments.name.empty() && arguments.files.size() > 1)
    throw CommandFailure(ExitCode::Usage, "--name is for one file");
  std::vector<std::int64_t> inputs;
  ExitCode first = ExitCode::Done;
  for (const auto& file : arguments.files) {
    try {
      inputs.push_back(upload(session, arguments, file));
    } catch (const CommandFailure& failure) {
      if (failure.code() == ExitCode::Unreachable || arguments.files.size() == 1) throw;
      session.terminal.err << "planwright: " << file << ": " << failure.what() << '\n';
      if (first == ExitCode::Done) first = failure.code();
    }
  }
  if (inputs.empty()) return first;
  ExitCode outcome = first == ExitCode::Done ? ExitCode::Done : ExitCode::PartlyDone;
  if (!arguments.wait) return outcome;
  for (const std::int64_t input : inputs) {
    try {
      follow(session, arguments, input);
    } catch (const CommandFailure& failure) {
      if (failure.code() != ExitCode::WorkFailed || inputs.size() == 1) throw;
      session.terminal.err << "planwright: " << failure.what() << "\nSee: " << failure.next()
                           << '\n';
      outcome = ExitCode::WorkFailed;
    }
  }
  return outcome;
}

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
  printInstallHint(session, end);
  if (end.succeeded || arguments.exitZero) return ExitCode::Done;
  throw CommandFailure(ExitCode::WorkFailed,
                       what + " " + end.status + (end.message.empty() ? "" : ": " + end.message),
                       end.planId > 0
                           ? "planwright logs --plan " + std::to_string(end.planId) + " --failed"
                           : "planwright " + what);
}

}  // namespace

void addSubmitCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("submit", "upload files as inputs; prints one input id per file");
  const auto arguments = std::make_shared<SubmitArguments>();
  command->add_option("FILE", arguments->files, "files to hand in")->required();
  command->add_option("--queue", arguments->queue, "the queue; default the default queue");
  command->add_option("--name", arguments->name, "the input's name; default the file's");
  CLI::Option* wait = command->add_flag(
      "--wait", arguments->wait, "follow until built, failed, or somebody must enqueue by hand");
  command->add_flag("--plan-only", arguments->planOnly, "with --wait: only until the plan is made")
      ->needs(wait);
  command->add_option("--timeout", arguments->timeout, "with --wait: give up after, such as 10min")
      ->needs(wait);
  command->add_option("--interval", arguments->interval, "with --wait: time between looks")
      ->needs(wait);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return submit(session, *arguments); };
  });
}

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
