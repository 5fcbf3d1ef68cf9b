#include "upkeep/pruner.h"

#include <sstream>

#include "base/failpoints.h"
#include "base/json.h"
#include "base/log.h"
#include "base/threads.h"
#include "store/pg_array.h"
#include "upkeep/slow_removal.h"

namespace planwright {
namespace {

constexpr std::int64_t kPlans = 100;  // in one transaction
constexpr std::int64_t kJobs = 1000;
constexpr std::int64_t kInputs = 500;

std::optional<std::string> seconds(const std::optional<std::chrono::milliseconds>& age) {
  if (!age) return std::nullopt;
  return std::to_string(static_cast<double>(age->count()) / 1000);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

}  // namespace

Pruned Pruner::prune(const std::string& queue, const PruneConfig& wanted,
                     const std::stop_token& stop) {
  Pruned done;
  if (wanted.plans) prunePlans(queue, wanted, stop, done);
  if (wanted.inputs) pruneInputs(queue, wanted, stop, done);
  if (!done.any()) return done;
  const std::string body = JsonWriter()
                               .object()
                               .member("inputs", done.inputs)
                               .member("plans", done.plans)
                               .member("builds", done.builds)
                               .member("jobs", done.jobs)
                               .end()
                               .take();
  parts_.connection.run("pruned_event", {queue, body});
  log::info("pruned queue={} {}", queue, body);
  const auto count = [this](const char* table, std::int64_t rows) {
    parts_.metrics.add("planwright_pruned_total", {{"table", table}}, static_cast<double>(rows));
  };
  count("pending_inputs", done.inputs);
  count("plans", done.plans);
  count("builds", done.builds);
  count("jobs", done.jobs);
  count("job_attempts", done.attempts);
  return done;
}

Pruned Pruner::look(const std::string& queue, const PruneConfig& wanted) {
  const Rows rows = parts_.connection.run(
      "prunable_counts", {queue, seconds(wanted.inputs), seconds(wanted.plans), wanted.keepLast});
  return {rows.number(0, "inputs"), rows.number(0, "plans"), rows.number(0, "builds"),
          rows.number(0, "jobs"), rows.number(0, "attempts")};
}

void Pruner::prunePlans(const std::string& queue, const PruneConfig& wanted,
                        const std::stop_token& stop, Pruned& done) {
  std::int64_t last = 0;
  while (!stop.stop_requested()) {
    const Rows found = parts_.connection.run(
        "prunable_plan_ids", {queue, seconds(wanted.plans), wanted.keepLast, last, kPlans});
    if (found.empty()) return;
    last = found.number(found.size() - 1, "id");
    PgArray ids;
    for (std::size_t i = 0; i < found.size(); ++i) ids.add(found.number(i, "id"));
    const std::string idText = ids.take();
    for (bool isMore = true; isMore && !stop.stop_requested();) {
      std::vector<std::string> logs;
      isMore = slice(idText, done, logs);
      removeLogs(logs, stop);
    }
  }
}

/// One transaction. True: jobs of these plans are left, so the plans are, too.
bool Pruner::slice(const std::string& ids, Pruned& done, std::vector<std::string>& logs) {
  Transaction transaction(parts_.connection);
  const Rows locked = parts_.connection.run("lock_pruned_plans", {ids});
  failpoint("prune.before");
  PgArray plans;
  for (std::size_t i = 0; i < locked.size(); ++i) plans.add(locked.number(i, "id"));
  const std::string planText = plans.take();
  const Rows jobs = parts_.connection.run("prune_jobs", {planText, kJobs});
  Pruned now;
  now.jobs = jobs.number(0, "jobs");
  logs = split(jobs.text(0, "attempts"));
  now.attempts = static_cast<std::int64_t>(logs.size());
  const bool isMore = now.jobs == kJobs;
  if (!isMore) {
    const Rows gone = parts_.connection.run("prune_plans", {planText});
    now.plans = gone.number(0, "plans");
    now.builds = gone.number(0, "builds");
  }
  transaction.commit();
  failpoint("prune.after");
  done.jobs += now.jobs;
  done.attempts += now.attempts;
  done.plans += now.plans;
  done.builds += now.builds;
  return isMore;
}

void Pruner::removeLogs(const std::vector<std::string>& attempts,
                        const std::stop_token& stop) const {
  for (const auto& attempt : attempts)
    if (!removeSlowly(parts_.logs / attempt, stop)) return;
}

void Pruner::pruneInputs(const std::string& queue, const PruneConfig& wanted,
                         const std::stop_token& stop, Pruned& done) {
  while (!stop.stop_requested()) {
    const Rows gone = parts_.connection.run(
        "prune_inputs", {queue, seconds(wanted.inputs), wanted.keepLast, kInputs});
    if (gone.empty()) return;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < gone.size(); ++i) names.push_back(gone.text(i, "filename"));
    done.inputs += static_cast<std::int64_t>(names.size());
    forgetFiles(queue, names);
  }
}

/// What intake recorded of files that no input is left of.
void Pruner::forgetFiles(const std::string& queue, const std::vector<std::string>& names) {
  PgArray all;
  for (const auto& name : names) all.add(name);
  Transaction transaction(parts_.connection);
  const Rows found = parts_.connection.run("forgettable_files", {queue, all.take()});
  PgArray gone;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string name = found.text(i, "filename");
    const std::string signature = found.text(i, "stat");  // uploads have none
    const auto& isThere = parts_.isFileThere;
    if (signature.empty() || (isThere && !isThere(queue, name, signature))) gone.add(name);
  }
  parts_.connection.run("forget_files", {queue, gone.take()});
  transaction.commit();
}

}  // namespace planwright
