#include "application/connection_note.h"

#include <fmt/format.h>

#include "base/unavailable.h"
#include "embedded/postgres_server.h"
#include "queues/connection_need.h"
#include "store/postgres_probe.h"

namespace planwright {
namespace {

constexpr std::chrono::seconds kAskFor{2};

std::string allowed(const Config& config) {
  if (config.postgresUrl.empty())
    return fmt::format("its own server allows {}.", PostgresServer::kMaxConnections);
  std::string why = "it does not answer.";
  try {
    const int room = PostgresProbe(config.postgresUrl).room(kAskFor);
    if (room >= kMostConnections)
      return fmt::format("the server allows {} for all its clients (max_connections).", room);
    if (room > 0) return fmt::format("the server allows only {}: raise max_connections.", room);
  } catch (const Unavailable& e) {
    why = e.what();
  }
  return fmt::format("what the server allows could not be asked: {}", why);
}

}  // namespace

std::string connectionNote(const Config& config) {
  return fmt::format("Postgres: a host opens at most {} connections, whatever its queues; {}",
                     kMostConnections, allowed(config));
}

}  // namespace planwright
