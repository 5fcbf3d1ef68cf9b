#include <algorithm>
#include <array>

#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/pages.h"

namespace planwright::cli {
namespace {

struct ListArguments {
  std::string queue, status, reason, search;
  std::int64_t plan = 0;
  int limit = 50;
  bool all = false;
};

/// Short lists come as a whole.
bool hasPages(const Listing& of) {
  constexpr std::array kWhole = {"queues", "plugins", "workers"};
  return std::find(kWhole.begin(), kWhole.end(), of.plural) == kWhole.end();
}

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

ExitCode list(Session& session, const Listing& of, const ListArguments& arguments) {
  const bool isOfPlan = arguments.plan > 0;
  const std::string path =
      isOfPlan ? "/api/plans/" + std::to_string(arguments.plan) + "/jobs" : of.path;
  const std::size_t wanted = arguments.all ? kEveryItem : static_cast<std::size_t>(arguments.limit);
  const Pages pages = fetchPages(session.client(), path + (hasPages(of) ? query(arguments) : ""),
                                 wanted, isOfPlan ? "planwright plans list" : "planwright status");
  printItems(session, of.columns, pages.items(), pages.body);
  if (!pages.nextCursor.empty() && session.isTable())
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
  if (hasPages(of)) addFilters(*all, *arguments);
  if (of.plural == "jobs")
    all->add_option("PLAN,--plan", arguments->plan, "of this plan's latest build");
  all->callback([&session, &of, arguments] {
    session.action = [&session, &of, arguments] { return list(session, of, *arguments); };
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

ExitCode showObject(Session& session, const std::string& path, const std::string& next) {
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, next);
  printObject(session, reply.body);
  return ExitCode::Done;
}

void addListCommands(CLI::App& app, Session& session) {
  for (const auto& of : listings()) addListing(app, session, of);
}

}  // namespace planwright::cli
