// Who did what on the server.
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

struct AuditArguments {
  std::string actor, action, queue, item, since, until;
  int limit = 50;
  bool hasAll = false, isRefusedOnly = false;
};

std::string outcomeText(const JsonValue& entry) {
  if (!boolOr(entry, "allowed", true)) return "refused";
  const std::int64_t status = numberOr(entry, "status", 0);
  return status < 400 ? "done" : "failed";
}

Columns auditColumns() {
  return {column("ID", "id"),
          column("AT", "at"),
          column("WHO", "actor"),
          column("AS", "actor_kind"),
          column("FROM", "address"),
          column("ACTION", "action"),
          column("ITEM", "item"),
          column("QUEUE", "queue"),
          {"OUTCOME", outcomeText, false, false},
          column("REASON", "reason"),
          column("REQUEST", "request_id", true),
          column("PROGRAM", "user_agent", true)};
}

ExitCode list(Session& session, const AuditArguments& arguments) {
  std::string path =
      "/api/audit?limit=" + std::to_string(arguments.hasAll ? kPageSize : arguments.limit);
  for (const auto& [name, value] : {std::pair("actor", arguments.actor),
                                    {"action", arguments.action},
                                    {"queue", arguments.queue},
                                    {"item", arguments.item},
                                    {"since", arguments.since},
                                    {"until", arguments.until}})
    if (!value.empty()) path += std::string("&") + name + "=" + urlEncoded(value);
  if (arguments.isRefusedOnly) path += "&allowed=false";
  const Pages pages =
      fetchPages(session.client(), path, arguments.hasAll ? kEveryItem : 1, "planwright whoami");
  printItems(session, auditColumns(), pages.items(), pages.body);
  if (!pages.nextCursor.empty() && session.isTable())
    session.terminal.err << "There are more; see them with --all or a larger --limit.\n";
  return ExitCode::Done;
}

}  // namespace

void addAuditCommand(CLI::App& app, Session& session) {
  const auto arguments = std::make_shared<AuditArguments>();
  CLI::App* command = app.add_subcommand("audit", "who did what, and who was refused");
  command->add_option("--actor", arguments->actor, "only what this caller did");
  command->add_option("--action", arguments->action, "only this, such as enqueueBuild");
  command->add_option("--queue", arguments->queue, "only of this queue");
  command->add_option("--item", arguments->item, "only on this, such as plan/7");
  command->add_option("--since", arguments->since, "from this time on, such as 2026-01-31");
  command->add_option("--until", arguments->until, "before this time");
  command->add_option("--limit", arguments->limit, "how many, the latest first")
      ->check(CLI::Range(1, kPageSize));
  command->add_flag("--refused", arguments->isRefusedOnly, "only what was refused");
  command->add_flag("--all", arguments->hasAll, "all of them");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return list(session, *arguments); };
  });
}

}  // namespace planwright::cli
