#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "control/item_json.h"

namespace planwright {

/// {items, eligible, position}: why it does not move, in the order in which it would be noticed;
/// whether a worker takes it now; its place in its queue or null. NotFound; Gone: it was pruned.
Result<std::string> explain(Listed what, Connection& connection, std::int64_t id);

}  // namespace planwright
