#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "store/database.h"

namespace planwright {

/// Why there is no row of that id: Gone `pruned` if there may have been one, else NotFound. `noun`:
/// input, plan, build or job.
Error missing(Connection& connection, std::string_view noun, std::int64_t id);

}  // namespace planwright
