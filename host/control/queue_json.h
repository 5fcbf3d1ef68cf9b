#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "control/stage_counts.h"
#include "store/row.h"

namespace planwright {

/// The plugins of a stage of a queue, and where each runs now: "process" or "inproc".
using StagePlugins = std::map<std::string, std::string>;

/// A queue as the API shows it: its row of api_queues, and what is in it. `now`: for ages.
std::string queueJson(const Row& queue, const ItemCounts& all, SteadyTime now,
                      const StagePlugins& planners, const StagePlugins& builders);

/// What may be changed of a queue, by its row. `locked`: keys that may not.
std::string settingsJson(const Row& queue, const std::vector<std::string_view>& locked);

/// A running instance, by its row of api_workers.
std::string workerJson(const Row& instance, const ItemCounts& all);

}  // namespace planwright
