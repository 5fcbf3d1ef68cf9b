#pragma once

#include "queues/queues.h"
#include "store/database.h"

namespace planwright {

/// The most connections to Postgres that a host opens, however many queues it has: those that its
/// threads share, for statements by key and for other queries; those in which it holds sources; and
/// one each of the heartbeat, the watch, reconcile, retention and the listener.
inline constexpr int kMostConnections =
    static_cast<int>(2 * Database::kMostShared + Queues::kSourceSessions + 5);

}  // namespace planwright
