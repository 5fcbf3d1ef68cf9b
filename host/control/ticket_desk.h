#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "tickets/tickets.h"

namespace planwright {

/// "Enqueue all" takes so many rows, and pushes so many ids, at a time.
constexpr int kEnqueueBatch = 1000;

/// Pushes ids for the API: one connection to Redis, shared by the HTTP workers. A push that fails
/// is no error, because the row is committed already and reconcile pushes its id again. [any
/// thread]
class TicketDesk {
 public:
  explicit TicketDesk(std::unique_ptr<Tickets> tickets) : tickets_(std::move(tickets)) {}

  /// The length of the list afterwards; nullopt when the service is away.
  std::optional<std::int64_t> push(const std::string& list, const std::vector<std::int64_t>& ids);

 private:
  Guarded<std::unique_ptr<Tickets>> tickets_;
};

}  // namespace planwright
