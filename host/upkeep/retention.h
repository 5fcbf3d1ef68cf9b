#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "artifacts/folder_blobs.h"
#include "base/clock.h"
#include "base/live.h"
#include "base/metrics.h"
#include "config/config.h"
#include "store/database.h"
#include "upkeep/blob_collector.h"
#include "upkeep/pruner.h"

namespace planwright {

/// The right to delete, which one session of all hosts has at a time. Held until the end of the
/// scope or of the connection.
class RetentionLock {
 public:
  explicit RetentionLock(Connection& connection);
  ~RetentionLock();
  RetentionLock(const RetentionLock&) = delete;
  RetentionLock& operator=(const RetentionLock&) = delete;
  explicit operator bool() const { return isHeld_; }

 private:
  Connection& connection_;
  bool isHeld_ = false;
};

/// Prunes and collects now and then; how often follows from the ages that are configured. One host
/// at a time does it. Thread pw-retention.
class Retention {
 public:
  struct Parts {
    Database& database;
    FolderBlobs& folder;
    const Live<Config>& config;
    Metrics& metrics;
    const Clock& clock;
  };
  explicit Retention(const Parts& parts);

  void start();
  /// What is due, if it is our turn. Throws Unavailable when Postgres is away.
  void step(const std::stop_token& stop);
  /// Prunes one queue now, or only counts. nullopt: another host is at it.
  std::optional<Pruned> pruneNow(const QueueConfig& queue, bool isDryRun);

 private:
  void waitForHeldResults();
  void makeEventPartitions();
  void keepEvents();
  void pruneRecords(const std::stop_token& stop);
  void readWatchDirs();
  bool isFileThere(const std::string& queue, const std::string& filename,
                   const std::string& signature) const;

  const Parts parts_;
  std::unique_ptr<Connection> connection_;
  Pruner pruner_;
  BlobCollector collector_;
  std::map<std::string, std::string> watchDirs_;  ///< by queue, as they are now
  SteadyTime pruneAt_{}, collectAt_{}, eventsAt_{};
  std::jthread thread_;
};

}  // namespace planwright
