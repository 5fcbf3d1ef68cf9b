#include "cli/command_groups.h"
#include "cli/interrupts.h"
#include "cli/output.h"

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

}  // namespace planwright::cli
