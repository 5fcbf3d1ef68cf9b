#include <algorithm>
#include <array>
#include <charconv>

#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"

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

constexpr std::array kKinds = {"input", "plan", "build", "job"};

const Columns& blockerColumns() {
  static const Columns columns = {column("CODE", "code"), column("WHY", "message"),
                                  column("WHAT TO DO", "hint"), column("SINCE", "since"),
                                  column("JOB", "job", true)};
  return columns;
}

std::string pathOf(const Listing& of, std::int64_t id) {
  return of.path + "/" + std::to_string(id) + "/explain";
}

std::vector<const JsonValue*> blockersOf(const JsonValue& answer) {
  std::vector<const JsonValue*> blockers;
  if (const JsonValue* items = find(answer, "items"); items && items->IsArray())
    for (const auto& item : items->GetArray()) blockers.push_back(&item);
  return blockers;
}

void printAnswer(const Session& session, const Listing& of, std::int64_t id,
                 const std::string& body) {
  const auto answer = parseJson(body);
  const auto blockers = blockersOf(*answer);
  if (!session.isTable() || !blockers.empty()) {
    if (session.isTable()) session.terminal.out << of.singular << ' ' << id << '\n';
    printItems(session, blockerColumns(), blockers, body);
    return;
  }
  const std::int64_t position = numberOr(*answer, "position", 0);
  session.terminal.out << of.singular << ' ' << id << ": nothing keeps it"
                       << (boolOr(*answer, "eligible", false) ? "; a free worker takes it" : "")
                       << (position > 1 ? ", " + std::to_string(position - 1) + " come first" : "")
                       << ".\n";
}

/// Prints what keeps one item from being taken, in order, or that nothing does.
ExitCode printWhy(Session& session, const Listing& of, std::int64_t id) {
  const Reply reply = session.client().get(pathOf(of, id));
  if (!reply.ok()) throw failureOf(reply, "planwright " + of.plural + " list");
  printAnswer(session, of, id, reply.body);
  return ExitCode::Done;
}

/// Several kinds may have that id: all of them.
ExitCode printEvery(Session& session, std::int64_t id) {
  bool isAny = false;
  for (const char* kind : kKinds) {
    const Reply reply = session.client().get(pathOf(listing(kind), id));
    if (reply.status == 404) continue;
    if (!reply.ok()) throw failureOf(reply);
    printAnswer(session, listing(kind), id, reply.body);
    isAny = true;
  }
  if (isAny) return ExitCode::Done;
  throw CommandFailure(ExitCode::NotFound, "Nothing has the id " + std::to_string(id) + ".",
                       "planwright inputs list");
}

std::int64_t idIn(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size()) return id;
  throw CommandFailure(ExitCode::Usage, "\"" + text + "\" is no id.", "planwright why --help");
}

/// "17", "plan 17" or, as in events, "plan/17".
ExitCode why(Session& session, std::vector<std::string> words) {
  if (words.size() == 1) {
    const auto slash = words[0].find('/');
    if (slash == std::string::npos) return printEvery(session, idIn(words[0]));
    words = {words[0].substr(0, slash), words[0].substr(slash + 1)};
  }
  for (const char* kind : kKinds)
    if (words[0] == kind) return printWhy(session, listing(kind), idIn(words[1]));
  throw CommandFailure(ExitCode::Usage,
                       "\"" + words[0] + "\" is none of input, plan, build and job.",
                       "planwright why --help");
}

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

const Columns& differenceColumns() {
  static const Columns columns = {column("PART", "part"), column("NOW", "now"),
                                  column("BEFORE", "before")};
  return columns;
}

std::vector<const JsonValue*> itemsOf(const JsonValue& holder, const char* name) {
  std::vector<const JsonValue*> items;
  if (const JsonValue* list = find(holder, name); list && list->IsArray())
    for (const auto& item : list->GetArray()) items.push_back(&item);
  return items;
}

ExitCode explain(Session& session, std::int64_t job) {
  const Reply reply = session.client().get("/api/jobs/" + std::to_string(job) + "/cache");
  if (!reply.ok()) throw failureOf(reply, "planwright jobs list");
  if (!session.isTable()) {
    printObject(session, reply.body);
    return ExitCode::Done;
  }
  const auto body = parseJson(reply.body);
  const std::string result = textOr(*body, "result", "not asked yet");
  session.terminal.out << "job " << job << " (" << textOr(*body, "name") << "): " << result << '\n';
  if (const auto why = textOr(*body, "why"); !why.empty()) session.terminal.out << why << '\n';
  const JsonValue* nearest = find(*body, "nearest");
  if (!nearest || !nearest->IsObject()) return ExitCode::Done;
  session.terminal.out << "nearest: job " << numberOr(*nearest, "job_id", 0) << '\n';
  printItems(session, differenceColumns(), itemsOf(*nearest, "differs"), reply.body);
  return ExitCode::Done;
}

ExitCode forecast(Session& session, std::int64_t plan) {
  const Reply reply = session.client().get("/api/plans/" + std::to_string(plan) + "/cache");
  if (!reply.ok()) throw failureOf(reply, "planwright plans list");
  const auto body = parseJson(reply.body);
  printItems(session, {column("JOB", "name"), column("CACHE", "result"), column("WHY", "why")},
             itemsOf(*body, "items"), reply.body);
  return ExitCode::Done;
}

void add(CLI::App& group, Session& session, const std::string& name, const std::string& what,
         const std::string& argument, ExitCode (*action)(Session&, std::int64_t)) {
  CLI::App* command = group.add_subcommand(name, what);
  const auto id = std::make_shared<std::int64_t>(0);
  command->add_option(argument, *id, "its id")->required();
  command->callback([&session, id, action] {
    session.action = [&session, id, action] { return action(session, *id); };
  });
}

}  // namespace

void addListCommands(CLI::App& app, Session& session) {
  for (const auto& of : listings()) addListing(app, session, of);
}

void addWhyCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("why", "why an item waits or failed, and what to do");
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("ITEM", *words, "an id, or input, plan, build or job and its id")
      ->required()
      ->expected(1, 2);
  command->callback(
      [&session, words] { session.action = [&session, words] { return why(session, *words); }; });
}

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

void addCacheCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "cache", "results of jobs that are used again");
  add(*group, session, "explain", "why a job was or was not in the cache", "JOB", explain);
  add(*group, session, "forecast", "what a build of a plan would take from the cache", "PLAN",
      forecast);
}

}  // namespace planwright::cli
