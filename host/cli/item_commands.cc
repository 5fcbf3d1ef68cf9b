#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/pages.h"
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
  addItem(app, session, "job", {{"show", "", false}, {"why", "/explain", false}});
}

}  // namespace planwright::cli
