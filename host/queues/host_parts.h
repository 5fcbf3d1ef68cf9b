#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "config/config.h"
#include "logs/log_writer.h"
#include "queue/tickets.h"
#include "stages/registry.h"
#include "store/bell.h"
#include "store/database.h"
#include "workers/membership.h"

namespace planwright {

/// What every queue of this host shares. Owned by Application; outlives the queues.
struct HostParts {
  const Config& config;  ///< of the start: what does not change without a restart
  Database& database;
  std::function<std::unique_ptr<Tickets>()> connectTickets;
  BlobStore& blobs;
  Bell& bell;
  const Membership& membership;
  Metrics& metrics;
  const Clock& clock;
  std::filesystem::path workFolder;
  std::filesystem::path remoteFolder;  ///< of jobs at other engines, by queue and token
  std::filesystem::path sourceFolder;  ///< what sources keep, by queue and name
  LogWriter& logs;
  /// The plugins that a queue starts with.
  std::function<std::shared_ptr<const Plugins>(const std::string& queue)> pluginsOf;
};

}  // namespace planwright
