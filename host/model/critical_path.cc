#include "model/critical_path.h"

#include <algorithm>
#include <cstddef>

namespace planwright {

std::vector<double> criticalPaths(const std::vector<std::vector<int>>& needs,
                                  const std::vector<double>& seconds) {
  std::vector<int> dependents(needs.size(), 0);
  for (const auto& list : needs)
    for (const int need : list) ++dependents[static_cast<std::size_t>(need)];
  std::vector<int> todo;  // all that hangs on these is known
  for (std::size_t job = 0; job < needs.size(); ++job)
    if (dependents[job] == 0) todo.push_back(static_cast<int>(job));
  std::vector<double> after(needs.size(), 0);
  while (!todo.empty()) {
    const auto job = static_cast<std::size_t>(todo.back());
    todo.pop_back();
    after[job] += seconds[job];
    for (const int need : needs[job]) {
      const auto before = static_cast<std::size_t>(need);
      after[before] = std::max(after[before], after[job]);
      if (--dependents[before] == 0) todo.push_back(need);
    }
  }
  return after;
}

}  // namespace planwright
