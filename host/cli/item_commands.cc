#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/pages.h"
#include "cli/plan_diff_output.h"
#include "cli/why.h"

namespace planwright::cli {
namespace {

struct ItemArguments {
  std::int64_t id = 0;
  std::string verb = "show";
};

/// `plan 12 artifact`: what hangs below an item, as a path and its columns (none: one object, or
/// plain bytes).
struct Part {
  const char* verb;
  const char* path;
  bool isJobs;
};

ExitCode showPart(Session& session, const Listing& of, const ItemArguments& arguments,
                  const std::vector<Part>& parts) {
  const std::string path = of.path + "/" + std::to_string(arguments.id);
  for (const auto& part : parts) {
    if (arguments.verb != part.verb) continue;
    if (arguments.verb == "why") return printWhy(session, of, arguments.id);
    if (part.isJobs) {
      const Pages jobs = fetchJobs(session.client(), path, "planwright " + of.plural + " list");
      printItems(session, listing("jobs").columns, jobs.items(), jobs.body);
      return ExitCode::Done;
    }
    return showObject(session, path + part.path, "planwright " + of.plural + " list");
  }
  return ExitCode::Usage;
}

void addItem(CLI::App& app, Session& session, const std::string& singular,
             std::vector<Part> parts) {
  const Listing& of = listing(singular);
  CLI::App* command = app.add_subcommand(singular, "one " + singular + " and its parts");
  const auto arguments = std::make_shared<ItemArguments>();
  command->add_option("ID", arguments->id, "its id")->required();
  std::vector<std::string> verbs;
  verbs.reserve(parts.size());
  for (const auto& part : parts) verbs.emplace_back(part.verb);
  command->add_option("part", arguments->verb, "what to print: " + CLI::detail::join(verbs, ", "))
      ->check(CLI::IsMember(verbs));
  command->callback([&session, &of, arguments, parts = std::move(parts)] {
    session.action = [&session, &of, arguments, parts] {
      return showPart(session, of, *arguments, parts);
    };
  });
}

/// As diff(1) does: 0 = the same jobs, 1 = they differ.
ExitCode planDiff(Session& session, std::int64_t from, std::int64_t to) {
  const Reply reply =
      session.client().get("/api/plans/" + std::to_string(from) + "/diff?to=" + std::to_string(to));
  if (!reply.ok()) throw failureOf(reply, "planwright plans list");
  const auto body = parseJson(reply.body);
  const JsonValue* diff = body ? find(*body, "diff") : nullptr;
  if (!diff) throw CommandFailure(ExitCode::WorkFailed, "the server's answer is no comparison");
  if (session.isTable())
    printDiff(session.terminal.out, *diff, "", true);
  else
    session.terminal.out << reply.body << '\n';
  return boolOr(*diff, "same", false) ? ExitCode::Done : ExitCode::WorkFailed;
}

/// `plans diff A B`, below the group that the lists have made.
void addPlanDiff(CLI::App& app, Session& session) {
  CLI::App* command = app.get_subcommand("plans")->add_subcommand(
      "diff", "which jobs of two plans differ, and how; ends with 1 if some do");
  const auto plans = std::make_shared<std::pair<std::int64_t, std::int64_t>>();
  command->add_option("FROM", plans->first, "the id of a plan")->required();
  command->add_option("TO", plans->second, "the id of another")->required();
  command->callback([&session, plans] {
    session.action = [&session, plans] { return planDiff(session, plans->first, plans->second); };
  });
}

}  // namespace

void addItemCommands(CLI::App& app, Session& session) {
  addItem(app, session, "input",
          {{"show", "", false}, {"content", "/content", false}, {"why", "/explain", false}});
  addItem(app, session, "plan",
          {{"show", "", false},
           {"jobs", "/jobs", true},
           {"artifact", "/artifact", false},
           {"why", "/explain", false}});
  addItem(app, session, "build",
          {{"show", "", false},
           {"jobs", "/jobs", true},
           {"manifest", "/manifest", false},
           {"provenance", "/provenance", false},
           {"sbom", "/sbom", false},
           {"why", "/explain", false}});
  addPlanDiff(app, session);
  addItem(app, session, "job", {{"show", "", false}, {"why", "/explain", false}});
}

}  // namespace planwright::cli
