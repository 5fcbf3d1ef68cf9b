#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/pages.h"

namespace planwright::cli {
namespace {

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

void addCacheCommands(CLI::App& app, Session& session) {
  CLI::App* group = addGroup(app, "cache", "results of jobs that are used again");
  add(*group, session, "explain", "why a job was or was not in the cache", "JOB", explain);
  add(*group, session, "forecast", "what a build of a plan would take from the cache", "PLAN",
      forecast);
}

}  // namespace planwright::cli
