#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "logs/log_writer.h"
#include "queue/tickets.h"
#include "store/bell.h"
#include "store/database.h"
#include "workers/live_queue.h"
#include "workers/membership.h"

namespace planwright {

/// What the build stage of one queue stands on. All of it outlives the stage.
struct BuildParts {
  LiveQueue& queue;
  Database& database;
  std::function<std::unique_ptr<Tickets>()> connectTickets;  ///< a connection for one thread
  BlobStore& blobs;
  Bell& bell;
  const Membership& membership;
  Metrics& metrics;
  const Clock& clock;
  std::filesystem::path workFolder;  ///< of this host alone; one folder per attempt
  LogWriter& logs;
  std::filesystem::path remoteFolder = {};  ///< work folders of jobs at another engine, which stay
};

}  // namespace planwright
