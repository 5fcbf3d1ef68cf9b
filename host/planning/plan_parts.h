#pragma once

#include <functional>
#include <memory>

#include "artifacts/blob_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "model/claims.h"
#include "queue/tickets.h"
#include "store/bell.h"
#include "store/database.h"
#include "workers/live_queue.h"
#include "workers/membership.h"
#include "workers/next_stage.h"

namespace planwright {

/// What the plan stage of one queue stands on. All of it outlives the stage.
struct PlanParts {
  LiveQueue& queue;
  Database& database;
  std::function<std::unique_ptr<Tickets>()> connectTickets;  ///< a connection for one thread
  BlobStore& blobs;
  Bell& bell;
  const Membership& membership;
  Metrics& metrics;
  const Clock& clock;
  NextStage<ClaimedPlan>* building = nullptr;  ///< of this host, if it builds
};

}  // namespace planwright
