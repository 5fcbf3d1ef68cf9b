#include "upkeep/retention.h"

#include <algorithm>
#include <cerrno>

#include <sys/stat.h>

#include "base/log.h"
#include "base/threads.h"
#include "store/queue_rows.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;

constexpr int kPartitionsAhead = 3;

milliseconds shortestAge(const Config& config) {
  milliseconds age = std::chrono::hours(24);
  for (const auto& queue : config.queues)
    for (const auto& each : {queue.prune.inputs, queue.prune.plans})
      if (each) age = std::min(age, *each);
  return age;
}

milliseconds pruneEvery(const Config& config) {
  return std::clamp<milliseconds>(shortestAge(config) / 20, std::chrono::seconds(1),
                                  std::chrono::minutes(5));
}

milliseconds collectEvery(const Config& config) {
  return std::clamp<milliseconds>(config.blobs.grace / 4, std::chrono::seconds(1),
                                  std::chrono::minutes(30));
}

/// Events, and the answers of people, are kept longer than the items they are about: twice the
/// longest age, or a quarter of a year if no age is set.
std::chrono::seconds recordAge(const Config& config) {
  milliseconds longest{0};
  for (const auto& queue : config.queues)
    for (const auto& age : {queue.prune.inputs, queue.prune.plans})
      longest = std::max(longest, age.value_or(std::chrono::hours(24 * 45)));
  return std::chrono::ceil<std::chrono::seconds>(2 * longest);
}

/// How much time one partition of them covers.
std::chrono::seconds partitionWidth(const Config& config) {
  return std::clamp<std::chrono::seconds>(recordAge(config) / 8, std::chrono::seconds(2),
                                          std::chrono::hours(24 * 7));
}

}  // namespace

RetentionLock::RetentionLock(Connection& connection)
    : connection_(connection),
      isHeld_(connection.run("retention_lock").flag(0, 0)) {}

RetentionLock::~RetentionLock() {
  if (!isHeld_) return;
  try {
    connection_.run("retention_unlock");
  } catch (const std::exception& e) {  // the lock ends with the session
    log::debug("gave up the right to delete with its session: {}", e.what());
    connection_.close();
  }
}

Retention::Retention(const Parts& parts)
    : parts_(parts),
      connection_(parts_.database.dedicated(Workload::Queries)),
      pruner_({*connection_, parts_.folder.logs(), parts_.metrics,
               [this](const auto& queue, const auto& filename, const auto& signature) {
                 return isFileThere(queue, filename, signature);
               }}),
      collector_({*connection_, parts_.folder, parts_.config.now()->blobs.grace, parts_.metrics}),
      pruneAt_(parts_.clock.steady()) {
  waitForHeldResults();
}

void Retention::start() {
  makeEventPartitions();  // before anybody writes an event
  thread_ = startThread("pw-retention", [this](const std::stop_token& stop) {
    do {
      try {
        step(stop);
      } catch (const std::exception& e) {
        waitForHeldResults();
        log::warn("deleting nothing for now: {}", e.what());
      }
    } while (sleepFor(std::chrono::seconds(1), stop));
  });
}

/// While Postgres was away, hosts held results whose blobs have no row yet; these commit first.
void Retention::waitForHeldResults() {
  collectAt_ = parts_.clock.steady() +
               std::min<milliseconds>(parts_.config.now()->blobs.grace, std::chrono::minutes(10));
}

/// Only of a queue with one folder can it be told, and only while that folder is on the file system
/// on which the file was seen: it may be mounted elsewhere, or not at all.
bool Retention::isFileThere(const std::string& queue, const std::string& filename,
                            const std::string& signature) const {
  const auto now = parts_.config.now();
  const QueueConfig* config = now->queue(queue);
  const auto watched = watchDirs_.find(queue);
  if (!config || config->sources.size() != 1 || watched == watchDirs_.end()) return true;
  struct stat folder {
  }, file{};
  if (::stat(watched->second.c_str(), &folder) != 0) return true;
  if (!signature.starts_with(std::to_string(folder.st_dev) + ":")) return true;
  const std::string path = watched->second + "/" + filename;
  return ::lstat(path.c_str(), &file) == 0 || errno != ENOENT;
}

void Retention::makeEventPartitions() {
  connection_->run("make_event_partitions",
                   {partitionWidth(*parts_.config.now()).count(), kPartitionsAhead});
}

/// Makes partitions for future events, and drops old ones.
void Retention::keepEvents() {
  makeEventPartitions();
  eventsAt_ = parts_.clock.steady() +
              std::clamp<milliseconds>(partitionWidth(*parts_.config.now()) / 4,
                                       std::chrono::seconds(1), std::chrono::minutes(10));
  const Rows gone =
      connection_->run("drop_event_partitions", {recordAge(*parts_.config.now()).count()});
  if (gone.number(0, "partitions") > 0)
    log::info("dropped partitions of events: {}", gone.number(0, "partitions"));
}

/// What belongs to no queue.
void Retention::pruneRecords(const std::stop_token& stop) {
  connection_->run("prune_idempotency_keys");
  connection_->run("prune_instances");
  connection_->run("prune_job_durations");
  const auto config = parts_.config.now();
  for (const auto& queue : config->queues)
    for (std::int64_t slice = 1; slice > 0 && !stop.stop_requested();) {
      slice =
          connection_
              ->run("prune_cache", {queue.name, std::to_string(queue.prune.cache.count() / 1000),
                                    queue.prune.cacheBytes})
              .number(0, 0);
      parts_.metrics.add("planwright_pruned_total", {{"table", "job_cache"}},
                         static_cast<double>(slice));
    }
  connection_->run("prune_tools");
  const auto age = recordAge(*parts_.config.now()).count();
  connection_->run("prune_bulk_operations", {age});
  const auto keep = std::chrono::ceil<std::chrono::seconds>(config->audit.keep).count();
  const auto pruneAll = [&](std::string_view statement, std::int64_t seconds, const char* table) {
    std::int64_t rows = 0;
    for (std::int64_t slice = 1; slice > 0 && !stop.stop_requested(); rows += slice)
      slice = connection_->run(statement, {seconds}).number(0, 0);
    parts_.metrics.add("planwright_pruned_total", {{"table", table}}, static_cast<double>(rows));
  };
  pruneAll("prune_dead_letters", age, "dead_letters");
  pruneAll("prune_audit", keep, "audit_log");
}

void Retention::readWatchDirs() {
  for (const auto& row : QueueRows(*connection_).all()) watchDirs_[row.name] = row.watchDir;
}

std::optional<Pruned> Retention::pruneNow(const QueueConfig& queue, bool isDryRun) {
  if (isDryRun) return pruner_.look(queue.name, queue.prune);
  const RetentionLock lock(*connection_);
  if (!lock) return std::nullopt;
  readWatchDirs();
  return pruner_.prune(queue.name, queue.prune, {});
}

void Retention::step(const std::stop_token& stop) {
  const auto now = parts_.clock.steady();
  if (now < pruneAt_ && now < collectAt_ && now < eventsAt_) return;
  const RetentionLock lock(*connection_);
  if (!lock) return;
  if (now >= eventsAt_) keepEvents();
  if (now >= pruneAt_) {
    const auto config = parts_.config.now();
    readWatchDirs();
    for (const auto& queue : config->queues) pruner_.prune(queue.name, queue.prune, stop);
    pruneRecords(stop);
    pruneAt_ = now + pruneEvery(*parts_.config.now());
  }
  if (now >= collectAt_) {
    collector_.collect(stop);
    collectAt_ = now + collectEvery(*parts_.config.now());
  }
}

}  // namespace planwright
