#include "base/files.h"
#include "cli/command_groups.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

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
