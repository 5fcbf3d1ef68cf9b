#pragma once

#include <vector>

namespace planwright {

/// For each job the time from its start to the end of the longest chain that hangs on it, itself
/// included. `needs` as in JobGraph, without a cycle; `seconds` one per job.
std::vector<double> criticalPaths(const std::vector<std::vector<int>>& needs,
                                  const std::vector<double>& seconds);

}  // namespace planwright
