#pragma once

#include <optional>
#include <string>

#include "base/live.h"
#include "config/config.h"
#include "control/item_queues.h"
#include "http/request.h"
#include "http/route_rights.h"

namespace planwright {

/// Which queue a request is about. [HTTP workers]
class RequestQueues {
 public:
  RequestQueues(ItemQueues& items, const Live<Config>& config) : items_(items), config_(config) {}

  /// nullopt: none, or of an item that does not exist. Throws Unavailable.
  std::optional<std::string> queueOf(const Request& request, Scope scope) const;
  /// Of the plan that one is compared with.
  std::optional<std::string> queueOfOther(const Request& request) const;

 private:
  ItemQueues& items_;
  const Live<Config>& config_;
};

}  // namespace planwright
