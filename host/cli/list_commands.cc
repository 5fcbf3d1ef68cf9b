#include "cli/command_groups.h"
#include "cli/listings.h"

namespace planwright::cli {
namespace {

constexpr int kPageSize = 200;

struct ListArguments {
  std::string queue, status, reason, search;
  int limit = 50;
  bool all = false;
};

std::string query(const ListArguments& arguments) {
  std::string text = "?limit=" + std::to_string(arguments.all ? kPageSize : arguments.limit);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += std::string("&") + name + "=" + urlEncoded(value);
  };
  add("queue", arguments.queue);
  add("status", arguments.status);
  add("reason", arguments.reason);
  add("q", arguments.search);
  return text;
}

std::vector<const JsonValue*> itemsOf(const std::vector<JsonDocument>& pages) {
  std::vector<const JsonValue*> items;
  for (const auto& page : pages) {
    const JsonValue* list = find(page, "items");
    if (!list || !list->IsArray()) continue;
    for (const auto& item : list->GetArray()) items.push_back(&item);
  }
  return items;
}

/// One list body out of many pages.
std::string joinedBody(const std::vector<const JsonValue*>& items) {
  JsonWriter json;
  json.object().key("items").array();
  for (const JsonValue* item : items) json.value(*item);
  json.end().key("next_cursor").null().member("total", items.size()).end();
  return json.take();
}

ExitCode list(Session& session, const std::string& path, const Columns& columns,
              const ListArguments& arguments) {
  std::vector<JsonDocument> pages;
  std::string body;
  std::string cursor;
  do {
    const std::string next = cursor.empty() ? "" : "&cursor=" + urlEncoded(cursor);
    const Reply reply = session.client().get(path + query(arguments) + next);
    if (!reply.ok()) throw failureOf(reply, "planwright status");
    auto page = parseJson(reply.body);
    if (!page)
      throw CommandFailure(ExitCode::Unreachable,
                           session.client().baseUrl() + " did not answer with JSON");
    cursor = textOr(*page, "next_cursor");
    body = reply.body;
    pages.push_back(std::move(*page));
  } while (arguments.all && !cursor.empty());
  const auto items = itemsOf(pages);
  printItems(session, columns, items, pages.size() > 1 ? joinedBody(items) : body);
  if (!cursor.empty() && session.isTable())
    session.terminal.err << "There are more; see them with --all or a larger --limit.\n";
  return ExitCode::Done;
}

void addFilters(CLI::App& command, ListArguments& arguments) {
  command.add_option("--queue", arguments.queue, "only of this queue");
  command.add_option("--status", arguments.status, "only with this status");
  command.add_option("--reason", arguments.reason, "only with this reason code");
  command.add_option("-q,--search", arguments.search, "only with this text in the name");
  command.add_option("--limit", arguments.limit, "at most so many")
      ->check(CLI::Range(1, kPageSize));
  command.add_flag("--all", arguments.all, "all of them");
}

void addListing(CLI::App& app, Session& session, const Listing& of) {
  CLI::App* group = addGroup(app, of.plural, "list or show " + of.plural);
  CLI::App* all = group->add_subcommand("list", "a table of " + of.plural);
  const auto arguments = std::make_shared<ListArguments>();
  if (of.plural != "queues" && of.plural != "plugins" && of.plural != "workers")
    addFilters(*all, *arguments);
  all->callback([&session, &of, arguments] {
    session.action = [&session, &of, arguments] {
      const bool hasPages =
          of.plural != "queues" && of.plural != "plugins" && of.plural != "workers";
      return hasPages ? list(session, of.path, of.columns, *arguments)
                      : listWhole(session, of.path, of.columns);
    };
  });
  CLI::App* one = group->add_subcommand("show", "everything about one " + of.singular);
  const auto id = std::make_shared<std::string>();
  one->add_option("ID", *id, of.plural == "queues" ? "its name" : "its id")->required();
  one->callback([&session, &of, id] {
    session.action = [&session, &of, id] {
      return showObject(session, of.path + "/" + urlEncoded(*id),
                        "planwright " + of.plural + " list");
    };
  });
}

}  // namespace

ExitCode listWhole(Session& session, const std::string& path, const Columns& columns) {
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, "planwright plans list");
  std::vector<JsonDocument> pages;
  auto page = parseJson(reply.body);
  if (!page)
    throw CommandFailure(ExitCode::Unreachable,
                         session.client().baseUrl() + " did not answer with JSON");
  pages.push_back(std::move(*page));
  printItems(session, columns, itemsOf(pages), reply.body);
  return ExitCode::Done;
}

ExitCode showObject(Session& session, const std::string& path, const std::string& next) {
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, next);
  printObject(session, reply.body);
  return ExitCode::Done;
}

void addListCommands(CLI::App& app, Session& session) {
  for (const auto& of : listings()) addListing(app, session, of);
  CLI::App* jobs = addGroup(app, "jobs", "list or show jobs");
  CLI::App* all = jobs->add_subcommand("list", "the jobs of a plan's latest build");
  const auto plan = std::make_shared<std::int64_t>(0);
  all->add_option("--plan,plan", *plan, "the plan's id")->required();
  all->callback([&session, plan] {
    session.action = [&session, plan] {
      return listWhole(session, "/api/plans/" + std::to_string(*plan) + "/jobs", jobColumns());
    };
  });
  CLI::App* one = jobs->add_subcommand("show", "everything about one job");
  const auto id = std::make_shared<std::int64_t>(0);
  one->add_option("ID", *id, "its id")->required();
  one->callback([&session, id] {
    session.action = [&session, id] {
      return showObject(session, "/api/jobs/" + std::to_string(*id),
                        "planwright jobs list --plan PLAN");
    };
  });
}

}  // namespace planwright::cli
