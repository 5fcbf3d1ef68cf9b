#include <chrono>
#include <optional>

#include "base/threads.h"
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/session.h"

namespace planwright::cli {
namespace {

constexpr const char* kPath = "/api/dead-letters";

struct LetterArguments {
  std::vector<std::int64_t> ids;
  std::string queue, kind, failureClass, reason, cause, search;
  int limit = 50;
  bool all = false, byCause = false, dryRun = false, yes = false;

  std::vector<std::pair<const char*, std::string>> filter() const {
    std::vector<std::pair<const char*, std::string>> given;
    const auto add = [&given](const char* name, const std::string& value) {
      if (!value.empty()) given.emplace_back(name, value);
    };
    add("queue", queue);
    add("kind", kind);
    add("class", failureClass);
    add("reason", reason);
    add("cause", cause);
    add("q", search);
    return given;
  }
};

std::string done(const std::string& action) {
  return action + (action.back() == 'e' ? "d" : "ed");
}

Columns letterColumns() {
  return {column("ID", "id"),
          column("KIND", "kind"),
          column("ITEM", "item_id"),
          column("QUEUE", "queue"),
          column("FILE", "name"),
          column("CLASS", "class"),
          column("ATTEMPTS", "attempts"),
          column("DIED", "died_at"),
          column("CAUSE", "cause", true),
          column("REASON", "reason.message")};
}

Columns causeColumns() {
  return {column("COUNT", "count"), column("KIND", "kind"),    column("CLASS", "class"),
          column("CAUSE", "cause"), column("LAST", "last_at"), column("TITLE", "title")};
}

ExitCode list(Session& session, const LetterArguments& arguments) {
  std::string path = kPath + std::string(arguments.byCause ? "/causes" : "");
  char separator = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    path += separator + name + "=" + urlEncoded(value);
    separator = '&';
  };
  if (!arguments.byCause) add("limit", std::to_string(arguments.all ? kPageSize : arguments.limit));
  for (const auto& [name, value] : arguments.filter()) add(name, value);
  const Pages pages =
      fetchPages(session.client(), path, arguments.all, "planwright dead-letters list");
  printItems(session, arguments.byCause ? causeColumns() : letterColumns(), pages.items(),
             pages.body);
  if (!pages.nextCursor.empty() && session.isTable())
    session.terminal.err << "There are more; see them with --all or a larger --limit.\n";
  return ExitCode::Done;
}

void answerOne(Session& session, const std::string& action, std::int64_t id) {
  const Reply reply = session.client().send(
      "POST", std::string(kPath) + "/" + std::to_string(id) + "/" + action, "{}");
  if (!reply.ok())
    throw failureOf(reply, reply.status == 404
                               ? "planwright dead-letters list"
                               : "planwright dead-letters show " + std::to_string(id));
  if (!session.isTable()) return printObject(session, reply.body);
  session.terminal.out << "dead letter " << id << " is " << done(action) << '\n';
}

std::string bulkBody(const std::string& action, const LetterArguments& arguments,
                     std::optional<std::int64_t> expected) {
  JsonWriter json;
  json.object().member("action", action).member("target", "dead-letters").key("filter").object();
  for (const auto& [name, value] : arguments.filter()) json.member(name, value);
  json.end();
  if (expected)
    json.member("expected", *expected);
  else
    json.member("dry_run", true);
  return json.end().take();
}

JsonDocument askBulk(Session& session, const std::string& body) {
  const Reply reply = session.client().send("POST", "/api/bulk-operations", body);
  if (!reply.ok()) throw failureOf(reply, "planwright dead-letters list");
  auto json = parseJson(reply.body);
  if (!json) throw CommandFailure(ExitCode::Unreachable, "the server did not answer with JSON");
  return std::move(*json);
}

ExitCode answerAll(Session& session, const std::string& action, const LetterArguments& arguments) {
  const auto trial = askBulk(session, bulkBody(action, arguments, std::nullopt));
  const std::int64_t matched = numberOr(trial, "matched", 0);
  if (arguments.dryRun) {
    if (session.isTable())
      session.terminal.out << matched << " would be " << done(action) << '\n';
    else
      printObject(session, toJson(trial));
    return ExitCode::Done;
  }
  if (!arguments.yes)
    throw CommandFailure(
        ExitCode::Usage,
        std::to_string(matched) + " dead letters fit; add --yes to " + action + " them",
        "planwright dead-letters list --by-cause");
  auto operation = askBulk(session, bulkBody(action, arguments, matched));
  const std::string path = "/api/bulk-operations/" + std::to_string(numberOr(operation, "id", 0));
  while (textOr(operation, "status") == "running") {
    sleepFor(std::chrono::milliseconds(200), {});
    operation = session.client().json(path);
  }
  if (session.isTable())
    session.terminal.out << numberOr(operation, "done", 0) << " of " << matched << " are "
                         << done(action) << '\n';
  else
    printObject(session, toJson(operation));
  return numberOr(operation, "done", 0) == matched ? ExitCode::Done : ExitCode::PartlyDone;
}

void addFilters(CLI::App& command, LetterArguments& arguments) {
  command.add_option("--queue", arguments.queue, "only of this queue");
  command.add_option("--kind", arguments.kind, "only inputs, or only plans")
      ->check(CLI::IsMember({"input", "plan"}));
  command.add_option("--class", arguments.failureClass, "only with this class of failure");
  command.add_option("--reason", arguments.reason, "only with this reason code");
  command.add_option("--cause", arguments.cause, "only of this group of list --by-cause");
  command.add_option("-q,--search", arguments.search, "only with this text in the name");
}

void addAnswer(CLI::App& group, Session& session, const std::string& action,
               const std::string& description) {
  CLI::App* command = group.add_subcommand(action, description);
  const auto arguments = std::make_shared<LetterArguments>();
  command->add_option("ID", arguments->ids, "ids of dead letters; without one, all that fit");
  addFilters(*command, *arguments);
  command->add_flag("--all", arguments->all, "all there are");
  command->add_flag("--dry-run", arguments->dryRun, "say only how many fit");
  command->add_flag("--yes", arguments->yes, "do it for all that fit");
  command->callback([&session, arguments, action] {
    session.action = [&session, arguments, action] {
      const bool isFiltered = arguments->all || !arguments->filter().empty();
      if (isFiltered == !arguments->ids.empty())
        throw CommandFailure(ExitCode::Usage, "name ids, or filters, or --all");
      if (isFiltered) return answerAll(session, action, *arguments);
      return forEach(session, arguments->ids,
                     [&](std::int64_t id) { answerOne(session, action, id); });
    };
  });
}

}  // namespace

void addDeadLetterCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "dead-letters", "what failed and waits for a person");
  group->alias("dead");
  const auto arguments = std::make_shared<LetterArguments>();
  CLI::App* all = group->add_subcommand("list", "a table of dead letters");
  addFilters(*all, *arguments);
  all->add_option("--limit", arguments->limit, "at most so many")->check(CLI::Range(1, kPageSize));
  all->add_flag("--all", arguments->all, "all of them");
  all->add_flag("--by-cause", arguments->byCause, "grouped by cause, the most frequent first");
  all->callback([&session, arguments] {
    session.action = [&session, arguments] { return list(session, *arguments); };
  });
  CLI::App* one = group->add_subcommand("show", "everything about one dead letter");
  const auto id = std::make_shared<std::int64_t>(0);
  one->add_option("ID", *id, "its id")->required();
  one->callback([&session, id] {
    session.action = [&session, id] {
      return showObject(session, std::string(kPath) + "/" + std::to_string(*id),
                        "planwright dead-letters list");
    };
  });
  for (CLI::App* parent : {group, &app}) {
    addAnswer(*parent, session, "requeue", "try what dead letters are about again");
    addAnswer(*parent, session, "discard",
              "dead letters need no answer; what they are about stays");
  }
}

}  // namespace planwright::cli
