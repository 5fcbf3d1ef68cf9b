#include "cli/why.h"

#include <array>
#include <charconv>

#include "cli/command_groups.h"

namespace planwright::cli {
namespace {

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

}  // namespace

ExitCode printWhy(Session& session, const Listing& of, std::int64_t id) {
  const Reply reply = session.client().get(pathOf(of, id));
  if (!reply.ok()) throw failureOf(reply, "planwright " + of.plural + " list");
  printAnswer(session, of, id, reply.body);
  return ExitCode::Done;
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

}  // namespace planwright::cli
