// Maintenance mode: the API takes no changes for a while.
#include "cli/command_groups.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

constexpr const char* kMaintenance = "/api/maintenance";

/// Says how it is now.
ExitCode print(Session& session, const Reply& reply) {
  if (!reply.ok()) throw failureOf(reply);
  const auto mode = parseJson(reply.body);
  if (!session.isTable() || !mode) {
    printObject(session, reply.body);
  } else if (boolOr(*mode, "is_on", false)) {
    session.terminal.out << "maintenance since " << valueAt(*mode, "since") << ", by "
                         << valueAt(*mode, "by") << ": " << valueAt(*mode, "sentence") << '\n';
  } else {
    session.terminal.out << "no maintenance: changes are taken\n";
  }
  return ExitCode::Done;
}

}  // namespace

void addMaintenanceCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "maintenance", "refuse changes by the API for a while");
  const auto sentence = std::make_shared<std::string>();
  CLI::App* on = group->add_subcommand(
      "on", "refuse changes with a sentence; what is queued and running goes on");
  on->add_option("SENTENCE", *sentence, "why, and until when")->required();
  on->callback([&session, sentence] {
    session.action = [&session, sentence] {
      const std::string body = JsonWriter().object().member("sentence", *sentence).end().take();
      return print(session, session.client().send("PUT", kMaintenance, body));
    };
  });
  group->add_subcommand("off", "take changes again")->callback([&session] {
    session.action = [&session] {
      return print(session, session.client().send("DELETE", kMaintenance, ""));
    };
  });
  group->add_subcommand("show", "how it is now")->callback([&session] {
    session.action = [&session] { return print(session, session.client().get(kMaintenance)); };
  });
}

}  // namespace planwright::cli
