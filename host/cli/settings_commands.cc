#include "cli/command_groups.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

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

}  // namespace

void addSettingsCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "settings", "read or change settings");
  const auto arguments = std::make_shared<SettingsArguments>();
  CLI::App* reading = group->add_subcommand("get", "all settings, or one");
  reading->add_option("KEY", arguments->key, "auto_plan, auto_build, watch_dir, ...");
  CLI::App* writing = group->add_subcommand("set", "change settings");
  writing->add_option("KEY=VALUE", arguments->assignments, "one or more")->required();
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

}  // namespace planwright::cli
