#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/live.h"
#include "base/metrics.h"
#include "config/config.h"
#include "logs/log_writer.h"
#include "store/bell.h"
#include "store/database.h"
#include "tickets/tickets.h"
#include "workers/membership.h"

namespace planwright {

/// What every part of a running host works with: the queues, their stages, and what people ask of
/// them. Owned by Application, outlives all of them. [any thread]
struct Host {
  const Live<Config>& config;
  Database& database;
  std::function<std::unique_ptr<Tickets>()> connectTickets;  ///< a connection for one thread
  BlobStore& blobs;
  Bell& bell;
  const Membership& membership;
  Metrics& metrics;
  const Clock& clock;
  LogWriter& logs;
  std::filesystem::path workFolder;    ///< of this host alone; one folder per attempt
  std::filesystem::path remoteFolder;  ///< of jobs at other engines, by queue and token; they stay
  std::filesystem::path sourceFolder;  ///< what sources keep, by queue and name
  std::filesystem::path plannerFolder = {};  ///< what planners keep, by queue and plugin; or none
};

}  // namespace planwright
