#include <charconv>

#include "base/ansi_filter.h"
#include "cli/client.h"
#include "cli/command_groups.h"
#include "cli/listings.h"
#include "cli/output.h"
#include "cli/terminal.h"

namespace planwright::cli {
namespace {

constexpr std::int64_t kLinesPerPage = 2000;

struct LogArguments {
  std::string job;
  std::int64_t plan = 0;
  std::string lines, grep;
  bool follow = false;
  bool failed = false;
  bool raw = false;
  bool timestamps = false;
};

std::string jobPath(std::int64_t id) {
  return "/api/jobs/" + std::to_string(id);
}

struct JobRef {
  std::int64_t id = 0;
  std::string name, status;
};

std::vector<JobRef> jobsOfPlan(Session& session, std::int64_t plan) {
  const Pages pages =
      fetchJobs(session.client(), "/api/plans/" + std::to_string(plan), "planwright plans list");
  std::vector<JobRef> jobs;
  for (const JsonValue* item : pages.items())
    jobs.push_back({numberOr(*item, "id", 0), textOr(*item, "name"), textOr(*item, "status")});
  return jobs;
}

/// "88", or "PLAN-NAME" such as 1179-scipy.
std::int64_t jobId(Session& session, const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  if (parsed.ec == std::errc() && (*parsed.ptr == '-' || *parsed.ptr == '/')) {
    const std::string name = parsed.ptr + 1;
    for (const auto& job : jobsOfPlan(session, number))
      if (job.name == name) return job.id;
    throw CommandFailure(ExitCode::NotFound,
                         "plan " + std::to_string(number) + " has no job \"" + name + "\"",
                         "planwright jobs list " + std::to_string(number));
  }
  throw CommandFailure(
      ExitCode::Usage,
      "\"" + text + "\" is not a job; write its id, or PLAN-NAME such as 12-scipy");
}

/// The last attempt that did not succeed, or 0.
std::int64_t failedAttempt(Session& session, std::int64_t job) {
  const auto document = session.client().json(jobPath(job), "planwright plans list");
  const JsonValue* attempts = find(document, "attempts");
  std::int64_t failed = 0;
  if (attempts && attempts->IsArray())
    for (const auto& attempt : attempts->GetArray())
      if (!textOr(attempt, "class").empty()) failed = numberOr(attempt, "n", failed);
  return failed;
}

/// A line of a log. On a terminal a job may choose colours and nothing else: not the title, the
/// clipboard, the place of the cursor, nor what the terminal answers.
std::string lineText(const Session& session, const JsonValue& line) {
  const std::string text = line.IsString() ? line.GetString() : textOr(line, "text");
  if (!session.terminal.outIsTerminal) return text;
  using Keep = AnsiFilter::Keep;
  std::string shown = AnsiFilter(session.terminal.color ? Keep::Colours : Keep::Plain).feed(text);
  if (shown.find('\x1b') != std::string::npos) shown += "\x1b[0m";  // of this line only
  return shown;
}

/// What the page says of bytes that the disk has lost.
void warnOfLosses(const Session& session, const JsonValue& page) {
  if (boolOr(page, "damaged", false))
    session.terminal.err
        << "planwright: parts of this log are damaged; a sentence in it says where\n";
  if (const auto cut = numberOr(page, "cut_bytes", 0); cut > 0)
    session.terminal.err << "planwright: the last " << cut << " bytes of this log are missing\n";
}

/// Prints one page; returns the number of the line after it, and whether the log is at its end.
std::int64_t printPage(Session& session, const std::string& path, bool& complete) {
  const Reply reply = session.client().get(path);
  if (!reply.ok()) throw failureOf(reply, "planwright plans list");
  const auto page = parseJson(reply.body);
  if (!page) throw CommandFailure(ExitCode::Unreachable, "the log is not JSON");
  const JsonValue* lines = find(*page, "lines");
  std::int64_t next = numberOr(*page, "first_line", 1);
  if (lines && lines->IsArray()) {
    const JsonValue* times = find(*page, "times");
    for (unsigned i = 0; i < lines->Size(); ++i) {
      if (times && times->IsArray() && i < times->Size())
        session.terminal.out << (*times)[i].GetString() << ' ';
      session.terminal.out << lineText(session, (*lines)[i]) << '\n';
    }
    next += lines->Size();
  }
  const bool isAtEnd = next > numberOr(*page, "total_lines", 0);
  if (boolOr(*page, "damaged", false) || isAtEnd) warnOfLosses(session, *page);
  complete = boolOr(*page, "complete", true) && next > numberOr(*page, "total_lines", 0);
  session.terminal.out.flush();
  return next;
}

void printLines(Session& session, const LogArguments& arguments, std::int64_t job,
                const std::string& attempt) {
  std::int64_t from = 1;
  std::int64_t to = INT64_MAX;
  if (!arguments.lines.empty()) {
    const auto dash = arguments.lines.find('-');
    const bool isValid = CLI::detail::lexical_cast(arguments.lines.substr(0, dash), from) &&
                         from > 0 &&
                         (dash == std::string::npos || dash + 1 == arguments.lines.size() ||
                          CLI::detail::lexical_cast(arguments.lines.substr(dash + 1), to));
    if (!isValid) throw CommandFailure(ExitCode::Usage, "--lines is A-B, such as 100-200");
    if (dash == std::string::npos) to = from;
  }
  const Interrupts interrupts;
  while (from <= to) {
    const std::int64_t limit = std::min(kLinesPerPage, to - from + 1);
    bool complete = true;
    const std::int64_t next = printPage(session,
                                        jobPath(job) + "/log?from=" + std::to_string(from) +
                                            "&limit=" + std::to_string(limit) + attempt +
                                            (arguments.timestamps ? "&times=true" : ""),
                                        complete);
    const bool hasMore = next > from;
    from = next;
    if (hasMore && !complete) continue;
    if (complete || !arguments.follow) return;
    if (!interrupts.wait(std::chrono::milliseconds(400)))
      throw CommandFailure(ExitCode::Interrupted, "stopped following; the job goes on");
  }
}

void printLog(Session& session, const LogArguments& arguments, std::int64_t job) {
  std::string attempt;
  if (arguments.failed)
    if (const std::int64_t number = failedAttempt(session, job))
      attempt = "&attempt=" + std::to_string(number);
  if (!arguments.grep.empty()) {
    const auto found = session.client().json(
        jobPath(job) + "/log/search?regex=true&q=" + urlEncoded(arguments.grep) + attempt);
    warnOfLosses(session, found);
    if (const JsonValue* lines = find(found, "lines"))
      for (const auto& line : lines->GetArray())
        session.terminal.out << lineText(session, line) << '\n';
    return;
  }
  if (arguments.raw) {
    if (!attempt.empty()) attempt[0] = '?';
    const Reply reply = session.client().get(jobPath(job) + "/log/raw" + attempt);
    if (!reply.ok()) throw failureOf(reply, "planwright plans list");
    session.terminal.out << reply.body;
    return;
  }
  printLines(session, arguments, job, attempt);
}

ExitCode logs(Session& session, const LogArguments& arguments) {
  if (!arguments.job.empty()) {
    printLog(session, arguments, jobId(session, arguments.job));
    return ExitCode::Done;
  }
  if (arguments.plan == 0)
    throw CommandFailure(ExitCode::Usage, "name a job, or --plan ID", "planwright logs --help");
  for (const auto& job : jobsOfPlan(session, arguments.plan)) {
    const bool hasFailed = job.status == "failed" || job.status == "timed_out";
    if (arguments.failed && !hasFailed) continue;
    session.terminal.out << "==> " << printable(job.name) << " (job " << job.id << ", "
                         << job.status << ") <==\n";
    printLog(session, arguments, job.id);
  }
  return ExitCode::Done;
}

void addLogs(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("logs", "the output of a job");
  const auto arguments = std::make_shared<LogArguments>();
  command->add_option("JOB", arguments->job, "its id, or PLAN-NAME such as 12-scipy");
  command->add_option("--plan", arguments->plan, "all jobs of this plan");
  command->add_flag("-f,--follow", arguments->follow, "go on while the job runs");
  command->add_flag("--failed", arguments->failed, "of the attempt, or the jobs, that failed");
  command->add_option("--lines", arguments->lines, "A-B, counted from 1");
  command->add_option("--grep,--search", arguments->grep,
                      "only lines that match a regular expression");
  command->add_flag("--timestamps", arguments->timestamps, "when each line was written");
  command->add_flag("--raw", arguments->raw, "the bytes as the job wrote them, also on a terminal");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return logs(session, *arguments); };
  });
}

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

void addLogCommands(CLI::App& app, Session& session) {
  addLogs(app, session);
  addEventsCommand(app, session);
}

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
