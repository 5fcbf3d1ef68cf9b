#include "cli/progress.h"

#include <algorithm>

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

}  // namespace planwright::cli
