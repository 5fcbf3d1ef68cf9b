#include "cli/command_groups.h"
#include "cli/event_lines.h"
#include "cli/interrupts.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

struct EventArguments {
  std::string type, after, subject;
  int limit = 50;
  bool follow = false;
};

/// An event is a CloudEvent, alone or under "event" of a list's item.
const JsonValue& eventOf(const JsonValue& item) {
  const JsonValue* event = find(item, "event");
  return event && event->IsObject() ? *event : item;
}

Columns eventColumns() {
  const auto of = [](std::string title, std::string path, bool isWide = false) {
    return Column{
        std::move(title),
        [path = std::move(path)](const JsonValue& item) { return valueAt(eventOf(item), path); },
        isWide, false};
  };
  return {of("TIME", "time"), of("TYPE", "type"), of("SUBJECT", "subject"), of("ID", "id", true),
          of("DATA", "data")};
}

void printEvent(Session& session, const std::string& data) {
  std::ostream& out = session.terminal.out;
  const auto parsed = parseJson(data);
  if (!session.isTable() || !parsed || !parsed->IsObject()) {
    out << data << std::endl;
    return;
  }
  std::string line;
  for (const auto& c : eventColumns())
    if (!c.isWide || session.output == "wide") line += (line.empty() ? "" : "  ") + c.text(*parsed);
  out << line << std::endl;
}

ExitCode follow(Session& session, const EventArguments& arguments) {
  const Interrupts interrupts;
  EventLines lines([&](const std::string&, const std::string& data) { printEvent(session, data); });
  std::string path = "/api/events/stream";
  if (!arguments.type.empty()) path += "?types=" + urlEncoded(arguments.type);
  std::string lastId = arguments.after;
  while (!interrupts.interrupted()) {
    std::string error;
    const int status = session.client().stream(
        path, lastId,
        [&](std::string_view bytes) {
          lines.feed(bytes);
          return !interrupts.interrupted() && session.terminal.out.good();
        },
        error);
    if (!session.terminal.out.good()) return ExitCode::Done;  // the reader went away
    if (status != 200 && status != 0) throw failureOf({status, error, ""}, "planwright status");
    if (!lines.lastId().empty()) lastId = lines.lastId();
    lines.reset();
    interrupts.wait(std::chrono::seconds(1));  // the stream's own `retry:`
  }
  return ExitCode::Interrupted;
}

ExitCode listEvents(Session& session, const EventArguments& arguments) {
  std::string path = "/api/events?limit=" + std::to_string(arguments.limit);
  if (!arguments.type.empty()) path += "&type=" + urlEncoded(arguments.type);
  if (!arguments.subject.empty()) path += "&subject=" + urlEncoded(arguments.subject);
  if (!arguments.after.empty()) path += "&after=" + urlEncoded(arguments.after);
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, "planwright status");
  const auto page = parseJson(reply.body);
  if (!page) throw CommandFailure(ExitCode::Unreachable, "the events are not JSON");
  std::vector<const JsonValue*> items;
  if (const JsonValue* list = find(*page, "items"))
    for (const auto& item : list->GetArray()) items.push_back(&item);
  printItems(session, eventColumns(), items, reply.body);
  return ExitCode::Done;
}

}  // namespace

void addEventsCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("events", "what happened, in order");
  const auto arguments = std::make_shared<EventArguments>();
  command->add_flag("-f,--follow", arguments->follow, "go on with what happens; Ctrl-C ends it");
  command->add_option("--type", arguments->type, "only events of this type");
  command->add_option("--subject", arguments->subject, "only about this, such as plan/12");
  command->add_option("--after", arguments->after, "only after the event with this id");
  command->add_option("--limit", arguments->limit, "at most so many")->check(CLI::Range(1, 200));
  command->callback([&session, arguments] {
    session.action = [&session, arguments] {
      return arguments->follow ? follow(session, *arguments) : listEvents(session, *arguments);
    };
  });
}

}  // namespace planwright::cli
