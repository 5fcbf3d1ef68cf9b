#include "base/files.h"
#include "cli/command_groups.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace planwright::cli {
namespace {

/// "3 pending, 1 failed" out of {"pending": 3, "failed": 1, "planned": 0}
std::string countsOf(const JsonValue& queue, std::string_view key) {
  const JsonValue* counts = find(queue, key);
  std::string text;
  if (counts && counts->IsObject())
    for (const auto& count : counts->GetObject())
      if (count.value.IsInt64() && count.value.GetInt64() > 0)
        text += (text.empty() ? "" : ", ") + std::to_string(count.value.GetInt64()) + " " +
                count.name.GetString();
  return text.empty() ? "none" : text;
}

std::string stageLine(const JsonValue& queue, const std::string& stage) {
  const JsonValue* line = find(queue, stage);
  const std::string mode = boolOr(queue, "auto_" + stage, false) ? "auto" : "manual";
  if (!line || !line->IsObject()) return mode;
  std::string text = mode;
  if (boolOr(*line, "paused", false)) text += ", paused";
  const auto add = [&](const char* key, const char* word) {
    const std::int64_t number = numberOr(*line, key, 0);
    if (number > 0) text += ", " + std::to_string(number) + " " + word;
  };
  text += ", " + std::to_string(numberOr(*line, "depth", 0)) + " waiting";
  add("delayed", "delayed");
  add("dead", "dead");
  text += ", " + valueAt(*line, "busy") + " of " + valueAt(*line, "workers") + " workers busy";
  if (numberOr(*line, "job_slots", 0) > 0)
    text += ", " + valueAt(*line, "jobs_running") + " of " + valueAt(*line, "job_slots") +
            " job slots busy";
  return text;
}

/// "sandbox landlock; for more: Install the package bubblewrap"
void printSandbox(Session& session) {
  const Reply reply = session.client().get("/api/version");
  const auto version = reply.ok() ? parseJson(reply.body) : Result<JsonDocument>(invalid(""));
  const JsonValue* sandbox = version ? find(*version, "sandbox") : nullptr;
  if (!sandbox) return;
  const std::string remedy = textOr(*sandbox, "remedy");
  session.terminal.out << "sandbox " << valueAt(*sandbox, "level")
                       << (remedy.empty() ? "" : "; for more: " + remedy) << '\n';
}

/// What each means of the sandbox came to when it was tried.
void printFacilities(Session& session, const JsonDocument& version) {
  const JsonValue* sandbox = find(version, "sandbox");
  const JsonValue* facilities = sandbox ? find(*sandbox, "facilities") : nullptr;
  if (!facilities || !facilities->IsArray()) return;
  session.terminal.out << "sandbox " << valueAt(*sandbox, "level") << '\n';
  for (const auto& facility : facilities->GetArray())
    session.terminal.out << "  " << valueAt(facility, "name") << ": "
                         << (boolOr(facility, "works", false) ? "" : "no, ")
                         << valueAt(facility, "detail") << '\n';
}

ExitCode printStatus(Session& session) {
  const Reply reply = session.client().get("/api/queues");
  if (!reply.ok()) throw failureOf(reply);
  if (!session.isTable()) {
    printObject(session, reply.body);
    return ExitCode::Done;
  }
  const auto queues = parseJson(reply.body);
  const JsonValue* items = queues ? find(*queues, "items") : nullptr;
  if (!items || !items->IsArray())
    throw CommandFailure(ExitCode::Unreachable,
                         session.client().baseUrl() + " did not answer as planwright does");
  std::ostream& out = session.terminal.out;
  for (const auto& queue : items->GetArray())
    out << "queue " << valueAt(queue, "name") << '\n'
        << "  inputs  " << countsOf(queue, "inputs") << '\n'
        << "  plan    " << stageLine(queue, "plan") << '\n'
        << "  plans   " << countsOf(queue, "plans") << '\n'
        << "  build   " << stageLine(queue, "build") << '\n';
  printSandbox(session);
  out.flush();
  return ExitCode::Done;
}

ExitCode watchStatus(Session& session) {
  const Interrupts interrupts;
  do {
    if (session.terminal.outIsTerminal) session.terminal.out << "\x1b[H\x1b[J";
    printStatus(session);
  } while (interrupts.wait(std::chrono::seconds(2)));
  return ExitCode::Interrupted;
}

/// Its own version, and the server's if one answers.
ExitCode printVersion(Session& session) {
  session.terminal.out << "planwright " PLANWRIGHT_VERSION "\n";
  try {
    const auto version = session.client().json("/api/version");
    session.terminal.out << "server " << valueAt(version, "version") << " at "
                         << session.client().baseUrl() << '\n';
    printFacilities(session, version);
  } catch (const CommandFailure& failure) {
    session.terminal.err << failure.what() << '\n';
  }
  return ExitCode::Done;
}

struct SettingsArguments {
  std::string queue;
  std::string key;
  std::vector<std::string> assignments;
};

std::string pathOf(const std::string& queue) {
  return queue.empty() ? "/api/settings" : "/api/queues/" + urlEncoded(queue);
}

ExitCode get(Session& session, const SettingsArguments& arguments) {
  const Reply reply = session.client().get(pathOf(arguments.queue));
  if (!reply.ok()) throw failureOf(reply, "planwright queues list");
  if (arguments.key.empty()) {
    printObject(session, reply.body);
    return ExitCode::Done;
  }
  const auto settings = parseJson(reply.body);
  const JsonValue* value = settings ? find(*settings, arguments.key) : nullptr;
  if (!value)
    throw CommandFailure(ExitCode::NotFound, "there is no setting \"" + arguments.key + "\"",
                         "planwright settings get");
  session.terminal.out << (session.isTable() ? valueAt(*settings, arguments.key) : toJson(*value))
                       << '\n';
  return ExitCode::Done;
}

ExitCode patch(Session& session, const std::string& queue, const std::string& body) {
  const Reply reply = session.client().send("PATCH", pathOf(queue), body);
  if (!reply.ok())
    throw failureOf(reply, queue.empty() ? "planwright settings get" : "planwright queues list");
  printObject(session, reply.body);
  return ExitCode::Done;
}

/// KEY=VALUE…: a value that is JSON (true, 3, ["a"]) is sent as such, anything else as text.
ExitCode set(Session& session, const SettingsArguments& arguments) {
  JsonWriter body;
  body.object();
  for (const auto& assignment : arguments.assignments) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CommandFailure(ExitCode::Usage, "\"" + assignment + "\" is not KEY=VALUE",
                           "planwright settings set auto_build=true");
    const std::string text = assignment.substr(equals + 1);
    const auto value = parseJson(text);
    body.key(assignment.substr(0, equals));
    if (value)
      body.value(*value);
    else
      body.value(text);
  }
  return patch(session, arguments.queue, body.end().take());
}

struct ModeArguments {
  std::string stage, mode, queue;
};

void addMode(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("mode", "let a stage work by itself, or only when asked");
  const auto arguments = std::make_shared<ModeArguments>();
  command->add_option("STAGE", arguments->stage, "plan or build")
      ->required()
      ->check(CLI::IsMember({"plan", "build"}));
  command->add_option("MODE", arguments->mode, "auto or manual")
      ->required()
      ->check(CLI::IsMember({"auto", "manual"}));
  command->add_option("--queue", arguments->queue, "of this queue; default the default queue");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] {
      JsonWriter body;
      body.object().member("auto_" + arguments->stage, arguments->mode == "auto").end();
      return patch(session, arguments->queue, body.take());
    };
  });
}

JsonDocument askForReload(Session& session, const std::string& body) {
  const Reply reply = session.client().send("POST", "/api/reload", body);
  if (!reply.ok()) throw failureOf(reply);
  auto answer = parseJson(reply.body);
  if (!answer) throw CommandFailure(ExitCode::Unreachable, "the server did not answer with JSON");
  return std::move(*answer);
}

/// "planner.deadline, retry.attempts"
std::string listed(const JsonValue& values) {
  std::string text;
  for (const auto& value : values.GetArray())
    text += (text.empty() ? "" : ", ") + std::string(value.GetString(), value.GetStringLength());
  return text;
}

/// One line for each change.
void printChanges(Session& session, const JsonDocument& answer) {
  std::ostream& out = session.terminal.out;
  if (!session.isTable()) {
    out << toJson(answer) << '\n';
    return;
  }
  const JsonValue& changes = *find(answer, "changes");
  bool isEmpty = true;
  const auto line = [&](const std::string& text) {
    out << text << '\n';
    isEmpty = false;
  };
  for (const auto& key : find(changes, "restart")->GetArray())
    line(std::string(key.GetString()) + ": needs a restart of the host");
  for (const auto& key : find(changes, "host")->GetArray())
    line(std::string(key.GetString()) + ": changed");
  for (const auto& queue : find(changes, "queues")->GetArray()) {
    const std::string keys = listed(*find(queue, "keys"));
    line("queue " + textOr(queue, "queue") + ": " + textOr(queue, "change") +
         (keys.empty() ? "" : " " + keys));
  }
  if (isEmpty) out << "no changes\n";
}

ExitCode reload(Session& session, bool isDryRun) {
  const auto answer =
      askForReload(session, JsonWriter().object().member("dry_run", isDryRun).end().take());
  printChanges(session, answer);
  if (session.isTable() && !isDryRun)
    session.terminal.out << "generation " << valueAt(answer, "generation") << " is in force\n";
  return ExitCode::Done;
}

}  // namespace

void addStatusCommands(CLI::App& app, Session& session) {
  CLI::App* status = app.add_subcommand("status", "every queue in a few lines");
  const auto isWatching = std::make_shared<bool>(false);
  status->add_flag("--watch", *isWatching, "again every 2 s until Ctrl-C");
  status->callback([&session, isWatching] {
    session.action = [&session, isWatching] {
      return *isWatching ? watchStatus(session) : printStatus(session);
    };
  });
  CLI::App* version = app.add_subcommand("version", "the versions of program and server");
  version->callback([&session] { session.action = [&session] { return printVersion(session); }; });
}

void addSettingsCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "settings", "read or change settings");
  const auto arguments = std::make_shared<SettingsArguments>();
  CLI::App* reading = group->add_subcommand("get", "all settings, or one");
  reading->add_option("KEY", arguments->key, "auto_plan, auto_build, watch_dir, ...");
  CLI::App* writing = group->add_subcommand("set", "change settings");
  writing->add_option("SETTING", arguments->assignments, "KEY=VALUE, one or more")->required();
  for (CLI::App* command : {reading, writing})
    command->add_option("--queue", arguments->queue, "of this queue; default the default queue");
  reading->callback([&session, arguments] {
    session.action = [&session, arguments] { return get(session, *arguments); };
  });
  writing->callback([&session, arguments] {
    session.action = [&session, arguments] { return set(session, *arguments); };
  });
  addMode(app, session);
}

ExitCode printDifference(Session& session, const std::string& file) {
  constexpr std::size_t kLargest = std::size_t{4} << 20;
  const auto answer = askForReload(session, JsonWriter()
                                                .object()
                                                .member("dry_run", true)
                                                .member("text", readFile(file, kLargest))
                                                .end()
                                                .take());
  printChanges(session, answer);
  return ExitCode::Done;
}

void addReloadCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("reload", "let the server take over its configuration file as it is now");
  const auto isDryRun = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *isDryRun, "only say what would change");
  command->callback([&session, isDryRun] {
    session.action = [&session, isDryRun] { return reload(session, *isDryRun); };
  });
}

}  // namespace planwright::cli
