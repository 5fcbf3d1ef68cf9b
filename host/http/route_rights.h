#pragma once

#include <string_view>

#include "http/request.h"
#include "model/caller.h"

namespace planwright {

/// Which queue a request is about, so that callers of some queues can be held to them.
enum class Scope {
  None,      ///< of no queue: anybody with the role
  Probe,     ///< the same, and never refused for wrong tokens
  Whole,     ///< of all queues: callers of some are refused
  Filtered,  ///< the handler shows what the caller's queues have
  Queue,     ///< {queue}
  Default,   ///< the default queue
  Upload,    ///< ?queue=, or the default queue
  Index,     ///< {index}: QUEUE or QUEUE@PLAN
  Input,     ///< {id} of an input; and so on
  Plan,
  Build,
  Job,
  Letter,
};

/// What a request needs.
struct RouteRight {
  Role role = Role::Admin;  ///< Nobody: open to everybody
  Scope scope = Scope::Whole;
};

/// What the table says of a route; one without an entry belongs to administrators of all queues.
RouteRight rightOf(Method method, std::string_view pattern);
/// The table has an entry of its own for it.
bool hasRight(Method method, std::string_view pattern);

}  // namespace planwright
