#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/ids.h"

namespace planwright {

/// Ready jobs that would do the same, by the keys of their results (model/cache_key.h). While one
/// of them runs the others do not start; once it has ended they are to be asked for again, since
/// the cache may have what it made. A job without a key is like no other. Pure; one thread.
class SameJobs {
 public:
  /// It waits for a slot.
  void add(const JobPlace& job, const std::string& key);
  /// False: another one with its key runs, or takeFreed() will give it.
  bool mayStart(const JobPlace& job) const;
  void started(const JobPlace& job);
  /// It waits no more, and was not started.
  void left(const JobPlace& job);
  /// It runs no more, however it ended.
  void ended(const JobPlace& job);
  /// What waited for those that have ended, once.
  std::vector<JobPlace> takeFreed();
  bool hasFreed() const { return !freed_.empty(); }
  void forgetWaiting();

 private:
  using Place = std::pair<BuildId, int>;
  struct Group {
    std::optional<Place> running;
    std::set<Place> waiting;
  };
  static Place placeOf(const JobPlace& job) { return {job.build, job.position}; }
  void drop(std::map<Place, std::string>::iterator at);

  std::map<Place, std::string> keys_;  ///< of what waits or runs
  std::unordered_map<std::string, Group> groups_;
  std::set<Place> freed_;
};

}  // namespace planwright
