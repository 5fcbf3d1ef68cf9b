#include "cli/watching.h"

#include <algorithm>

#include "cli/listings.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

constexpr auto kHeartbeat = std::chrono::seconds(30);
constexpr int kBarWidth = 30;
constexpr std::size_t kMaxRunningLines = 12;

bool isGood(const std::string& status) {
  return status == "succeeded" || status == "cached";
}
bool isBad(const std::string& status) {
  return status == "failed" || status == "timed_out" || status == "dep_failed";
}

struct Counts {
  std::size_t done = 0, bad = 0, running = 0;
};

Counts count(const std::vector<JobLine>& jobs) {
  Counts counts;
  for (const auto& job : jobs) {
    counts.done += isGood(job.status) ? 1 : 0;
    counts.bad += isBad(job.status) ? 1 : 0;
    counts.running += job.status == "running" ? 1 : 0;
  }
  return counts;
}

std::string bar(const Counts& counts, std::size_t all) {
  const std::size_t good = counts.done * kBarWidth / std::max<std::size_t>(all, 1);
  const std::size_t ended = (counts.done + counts.bad) * kBarWidth / std::max<std::size_t>(all, 1);
  return "[" + std::string(good, '#') + std::string(ended - good, 'x') +
         std::string(kBarWidth - ended, '.') + "]";
}

using Clock = std::chrono::steady_clock;

std::string pathOf(const char* kind, std::int64_t id) {
  return std::string("/api/") + kind + "/" + std::to_string(id);
}

std::vector<JobLine> readJobs(Session& session, const std::string& path) {
  std::vector<JobLine> lines;
  const Pages pages = fetchJobs(session.client(), path, "planwright plans list");
  for (const JsonValue* item : pages.items()) {
    const std::string reason = valueAt(*item, "reason.message");
    lines.push_back({numberOr(*item, "id", 0), textOr(*item, "name"), textOr(*item, "status"),
                     reason == "-" ? "" : reason, progressText(*item)});
  }
  return lines;
}

/// One look at an item: its JSON, its jobs, and whether it is at its end.
struct Look {
  WatchedItem item;
  WatchEnd end;
  bool ended = false;
  bool started = false;
};

void readState(const JsonDocument& document, Look& look) {
  const std::string status = textOr(document, "status");
  const std::string code = valueAt(document, "reason.code");
  const std::string message = valueAt(document, "reason.message");
  const std::string error = valueAt(document, "error");
  look.item.status = status + (boolOr(document, "queued", false) ? " (queued)" : "");
  look.item.progress = progressText(document);
  look.end.status = status;
  if (message != "-")
    look.end.message = message;
  else if (error != "-")
    look.end.message = error;
  look.end.atGate =
      !boolOr(document, "queued", false) && (code == "manual_mode" || code == "approval_needed");
}

bool isFinal(const std::string& status) {
  return status == "planned" || status == "built" || status == "failed" || status == "cancelled" ||
         status == "superseded";
}

Look lookAtInput(Session& session, std::int64_t id) {
  const auto document =
      session.client().json(pathOf("pending-inputs", id), "planwright inputs list");
  Look look;
  look.item.what = "input " + std::to_string(id);
  readState(document, look);
  const std::string& status = look.end.status;
  look.started = status != "pending";
  look.ended = isFinal(status);
  look.end.succeeded = status == "planned";
  const JsonValue* plans = find(document, "plan_ids");
  if (plans && plans->IsArray())
    for (const auto& plan : plans->GetArray())
      if (plan.IsInt64()) look.end.planId = std::max(look.end.planId, plan.GetInt64());
  return look;
}

Look lookAtPlan(Session& session, std::int64_t id) {
  const auto document = session.client().json(pathOf("plans", id), "planwright plans list");
  Look look;
  look.item.what = "plan " + std::to_string(id);
  readState(document, look);
  look.started = look.end.status != "ready_for_build";
  look.ended = isFinal(look.end.status);
  look.end.succeeded = look.end.status == "built";
  look.end.planId = id;
  look.end.indexPath = textOr(document, "index_url");
  if (look.started) look.item.jobs = readJobs(session, pathOf("plans", id));
  return look;
}

Look lookAtBuild(Session& session, std::int64_t id) {
  const auto document = session.client().json(pathOf("builds", id), "planwright builds list");
  Look look;
  look.item.what = "build " + std::to_string(id);
  readState(document, look);
  look.started = true;
  look.ended = isFinal(look.end.status);
  look.end.succeeded = look.end.status == "built";
  look.end.planId = numberOr(document, "plan_id", 0);
  look.item.jobs = readJobs(session, pathOf("builds", id));
  return look;
}

bool hasFailedJob(const WatchedItem& item) {
  for (const auto& job : item.jobs)
    if (job.status == "failed" || job.status == "timed_out") return true;
  return false;
}

void printFailedJobs(Session& session, const WatchedItem& item) {
  for (const auto& job : item.jobs) {
    if (job.status != "failed" && job.status != "timed_out") continue;
    session.terminal.err << printable(job.name) << ' ' << job.status
                         << (job.reason.empty() ? "" : ": " + printable(job.reason))
                         << ". See: planwright logs " << job.id << '\n';
  }
}

void checkTime(const Look& look, const WatchOptions& options, Clock::duration spent) {
  if (options.timeout && spent >= *options.timeout)
    throw CommandFailure(ExitCode::TimedOut, look.item.what + " is still " + look.item.status,
                         "planwright status");
  if (options.waitStart && !look.started && spent >= *options.waitStart)
    throw CommandFailure(ExitCode::TimedOut,
                         look.item.what + " has not begun: " + look.item.status +
                             (look.end.message.empty() ? "" : ". " + look.end.message),
                         "planwright status");
}

WatchEnd watch(Session& session, const WatchOptions& options,
               const std::function<Look()>& lookAgain) {
  const Interrupts interrupts;
  Progress progress(session.terminal);
  const auto begin = Clock::now();
  std::string said;
  while (true) {
    Look look = lookAgain();
    progress.update(look.item, Clock::now());
    const bool failedFast = options.failFast && !look.ended && hasFailedJob(look.item);
    if (look.ended || failedFast || (look.end.atGate && options.stopAtGate)) {
      progress.end();
      printFailedJobs(session, look.item);
      if (failedFast) look.end.message = "a job failed; the others go on";
      return look.end;
    }
    if (look.end.atGate && look.end.message != said) {
      session.terminal.err << look.item.what << " waits: " << printable(look.end.message) << '\n';
      said = look.end.message;
    }
    checkTime(look, options, Clock::now() - begin);
    if (!interrupts.wait(options.interval))
      throw CommandFailure(ExitCode::Interrupted,
                           "stopped watching; " + look.item.what + " goes on",
                           "planwright watch " + look.item.what);
  }
}

}  // namespace

std::string summaryOf(const std::vector<JobLine>& jobs) {
  const Counts counts = count(jobs);
  std::string text =
      std::to_string(counts.done) + " of " + std::to_string(jobs.size()) + " jobs done";
  if (counts.bad > 0) text += ", " + std::to_string(counts.bad) + " failed";
  if (counts.running > 0) text += ", " + std::to_string(counts.running) + " running";
  return text;
}

std::string progressText(const JsonValue& item) {
  const JsonValue* progress = find(item, "progress");
  if (!progress || !progress->IsObject()) return {};
  const std::int64_t done = numberOr(*progress, "done", 0), total = numberOr(*progress, "total", 0);
  const std::string note = printable(textOr(*progress, "note"));
  std::string text = done > 0 || total > 0 ? std::to_string(done) : "";
  if (total > 0) text += " of " + std::to_string(total);
  if (!note.empty()) text += (text.empty() ? "" : ": ") + note;
  return text;
}

void Progress::update(const WatchedItem& item, Time now) {
  for (const auto& job : item.jobs)
    if (job.status == "running") runningSince_.try_emplace(job.id, now);
  if (terminal_.errIsTerminal)
    paint(item, now);
  else
    printChanges(item, now);
}

void Progress::end() {
  terminal_.err.flush();
  paintedLines_ = 0;
}

void Progress::paint(const WatchedItem& item, Time now) {
  std::ostream& err = terminal_.err;
  if (paintedLines_ > 0) err << "\x1b[" << paintedLines_ << "A\x1b[J";
  paintedLines_ = 1;
  err << item.what << "  " << terminal_.status(item.status);
  if (!item.jobs.empty())
    err << "  " << bar(count(item.jobs), item.jobs.size()) << "  " << summaryOf(item.jobs);
  err << (item.progress.empty() ? "" : "  ") << item.progress << '\n';
  std::size_t shown = 0;
  for (const auto& job : item.jobs) {
    if (job.status != "running" || shown++ >= kMaxRunningLines) continue;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now - runningSince_[job.id]).count();
    err << "  " << printable(job.name) << "  " << terminal_.status(job.status) << " " << seconds
        << " s" << (job.progress.empty() ? "" : "  ") << job.progress << '\n';
    ++paintedLines_;
  }
  err.flush();
}

/// Nothing has changed for a while: how far it is.
void Progress::printAlive(const WatchedItem& item) {
  std::ostream& err = terminal_.err;
  err << item.what << ": still " << item.status;
  if (!item.jobs.empty()) err << ", " << summaryOf(item.jobs);
  if (!item.progress.empty()) err << ", " << item.progress;
  err << '\n';
  for (const auto& job : item.jobs)
    if (job.status == "running" && !job.progress.empty())
      err << "  " << printable(job.name) << ": " << job.progress << '\n';
}

void Progress::printChanges(const WatchedItem& item, Time now) {
  std::ostream& err = terminal_.err;
  bool changed = false;
  if (item.status != status_) {
    err << item.what << ": " << item.status << '\n';
    status_ = item.status;
    changed = true;
  }
  for (const auto& job : item.jobs) {
    std::string& before = statuses_[job.id];
    const bool isNews = job.status == "running" || isGood(job.status) || isBad(job.status);
    if (before == job.status) continue;
    before = job.status;
    if (!isNews) continue;
    err << "  " << printable(job.name) << ": " << job.status
        << (job.reason.empty() ? "" : " (" + printable(job.reason) + ")") << '\n';
    changed = true;
  }
  if (!changed && now - lastLine_ < kHeartbeat) return;
  if (!changed) printAlive(item);
  lastLine_ = now;
  err.flush();
}

WatchEnd watchInput(Session& session, std::int64_t id, const WatchOptions& options) {
  return watch(session, options, [&] { return lookAtInput(session, id); });
}

WatchEnd watchPlan(Session& session, std::int64_t id, const WatchOptions& options) {
  return watch(session, options, [&] { return lookAtPlan(session, id); });
}

WatchEnd watchBuild(Session& session, std::int64_t id, const WatchOptions& options) {
  return watch(session, options, [&] { return lookAtBuild(session, id); });
}

void printInstallHint(Session& session, const WatchEnd& end) {
  if (!end.succeeded || end.indexPath.empty()) return;
  session.terminal.err << "Its wheels: pip install --index-url " << session.address()
                       << printable(end.indexPath) << " PROJECT\n";
}

}  // namespace planwright::cli
