#include "building/same_jobs.h"

namespace planwright {

void SameJobs::add(const JobPlace& job, const std::string& key) {
  if (key.empty()) return;
  keys_[placeOf(job)] = key;
  groups_[key].waiting.insert(placeOf(job));
}

bool SameJobs::mayStart(const JobPlace& job) const {
  if (freed_.contains(placeOf(job))) return false;
  const auto at = keys_.find(placeOf(job));
  return at == keys_.end() || !groups_.at(at->second).running;
}

void SameJobs::started(const JobPlace& job) {
  const auto at = keys_.find(placeOf(job));
  if (at == keys_.end()) return;
  Group& group = groups_.at(at->second);
  group.waiting.erase(at->first);
  group.running = at->first;
}

void SameJobs::left(const JobPlace& job) {
  const auto at = keys_.find(placeOf(job));
  if (at != keys_.end() && groups_.at(at->second).waiting.erase(at->first) > 0) drop(at);
}

void SameJobs::ended(const JobPlace& job) {
  const auto at = keys_.find(placeOf(job));
  if (at == keys_.end()) return;
  Group& group = groups_.at(at->second);
  if (group.running != at->first) return;
  group.running.reset();
  for (const Place& other : std::exchange(group.waiting, {})) {
    keys_.erase(other);
    freed_.insert(other);
  }
  drop(at);
}

std::vector<JobPlace> SameJobs::takeFreed() {
  std::vector<JobPlace> out;
  for (const auto& [build, position] : std::exchange(freed_, {})) out.push_back({build, position});
  return out;
}

void SameJobs::forgetWaiting() {
  freed_.clear();
  for (auto& [key, group] : groups_)
    for (const Place& job : std::exchange(group.waiting, {})) keys_.erase(job);
  std::erase_if(groups_, [](const auto& each) { return !each.second.running; });
}

/// Forgets one that neither waits nor runs.
void SameJobs::drop(std::map<Place, std::string>::iterator at) {
  const auto group = groups_.find(at->second);
  if (!group->second.running && group->second.waiting.empty()) groups_.erase(group);
  keys_.erase(at);
}

}  // namespace planwright
