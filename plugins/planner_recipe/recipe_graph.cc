#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "recipe.h"
#include "strict_yaml.h"

namespace recipe {
namespace {

using Index = std::unordered_map<std::string, std::size_t>;

/// Also adds the jobs that inputs name.
void checkNeeds(Job& job, const Index& index) {
  std::unordered_set<std::string> named;
  for (const auto& need : job.needs)
    if (!named.insert(need.text).second)
      rejectAt(need.mark, "the job " + job.id.text + " names " + need.text + " twice in needs");
  for (const auto& input : job.inputs)
    if (!input.fromJob.empty() && named.insert(input.fromJob).second)
      job.needs.push_back({input.fromJob, input.path.mark});
  for (const auto& need : job.needs) {
    if (need.text == job.id.text) rejectAt(need.mark, "the job " + need.text + " needs itself");
    if (!index.contains(need.text))
      rejectAt(need.mark,
               "the job " + job.id.text + " needs " + need.text + ", which is not in this recipe");
  }
}

/// "a needs b needs c needs a", starting at any job that is left when all startable ones are taken
/// away.
std::string cycleFrom(std::size_t start, const std::vector<Job>& jobs, const Index& index,
                      const std::vector<std::size_t>& waiting) {
  std::vector<std::size_t> path;
  std::vector<bool> seen(jobs.size());
  std::size_t at = start;
  while (!seen[at]) {
    seen[at] = true;
    path.push_back(at);
    for (const auto& need : jobs[at].needs)
      if (const auto next = index.at(need.text); waiting[next] > 0) {
        at = next;
        break;
      }
  }
  std::string out;
  for (auto it = std::find(path.begin(), path.end(), at); it != path.end(); ++it)
    out += jobs[*it].id.text + " needs ";
  return out + jobs[at].id.text;
}

/// Kahn's algorithm: what can never start is in a cycle or behind one.
void checkCycles(const std::vector<Job>& jobs, const Index& index) {
  std::vector<std::size_t> waiting(jobs.size());
  std::vector<std::vector<std::size_t>> followers(jobs.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    waiting[i] = jobs[i].needs.size();
    if (waiting[i] == 0) ready.push_back(i);
    for (const auto& need : jobs[i].needs) followers[index.at(need.text)].push_back(i);
  }
  std::size_t started = 0;
  for (; started < ready.size(); ++started)
    for (const auto next : followers[ready[started]])
      if (--waiting[next] == 0) ready.push_back(next);
  if (started == jobs.size()) return;
  const auto stuck = static_cast<std::size_t>(
      std::find_if(waiting.begin(), waiting.end(), [](auto n) { return n > 0; }) - waiting.begin());
  rejectAt(jobs[stuck].id.mark,
           "the jobs wait for each other: " + cycleFrom(stuck, jobs, index, waiting));
}

}  // namespace

void checkGraph(std::vector<Job>& jobs) {
  Index index;
  for (std::size_t i = 0; i < jobs.size(); ++i) index.emplace(jobs[i].id.text, i);
  for (auto& job : jobs) checkNeeds(job, index);
  checkCycles(jobs, index);
}

}  // namespace recipe
