#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "model/ids.h"

namespace planwright {

/// What a pool of job slots can run at once.
struct JobCapacity {
  int cpus = 1;
  std::int64_t memoryBytes = 0;  ///< 0 = not watched
};

/// A job that could start, and what is known of it.
struct ReadyJob {
  BuildId build{};
  int position = 0;
  double path =
      0;  ///< seconds to the end of the longest chain that hangs on it, see critical_path.h
  double seconds = 0;  ///< it is expected to take
  int cpus = 1;
  std::int64_t memoryBytes = 0;
};

/// Chooses which ready job of a pool starts next, over all its builds. Sources take turns by weight
/// (start-time fair queuing over expected seconds), so that a flood from one delays another by the
/// jobs that run already and no more; within a source the longest critical path goes first. A job
/// that does not fit lets others by, but not for ever. Also knows what runs, for the resources.
/// Jobs of one cpu and no stated memory are plain: as many as there are slots count, however many
/// are handed out ahead. Pure: no time, no store; one thread.
class ReadyJobs {
 public:
  /// Still to be started? Entries are not taken out when a build ends; they are asked for instead.
  using IsReady = std::function<bool(BuildId, int position)>;
  using Weights = std::map<std::string, double>;  ///< by source; 1 if not named

  explicit ReadyJobs(Weights weights = {}) : weights_(std::move(weights)) {}

  void weigh(Weights weights) { weights_ = std::move(weights); }
  void add(const std::string& source, const ReadyJob& job);

  struct Choice {
    BuildId build{};
    int position = 0;
    bool isUrgent = false;  ///< nothing of its source runs while others fill the slots
  };
  /// The next one to start, which counts as running from now on; nothing if none fits.
  std::optional<Choice> take(int slots, const JobCapacity& capacity, const IsReady& isReady);
  /// It runs no more, however it ended.
  void ended(BuildId build, int position);
  std::size_t running() const { return running_.size(); }
  /// Forgets what waits. What runs still comes back by ended().
  void forgetWaiting() { sources_.clear(); }

 private:
  using Demand = std::pair<int, std::int64_t>;  // cpus, memory
  struct Longest {
    bool operator()(const ReadyJob& a, const ReadyJob& b) const {
      return std::tuple(-a.path, a.build, a.position) < std::tuple(-b.path, b.build, b.position);
    }
  };
  using Bucket = std::set<ReadyJob, Longest>;
  struct Source {
    double pass = 0;  ///< what it has used, in seconds per weight
    std::map<Demand, Bucket> waiting;
  };
  struct Running {
    std::string source;
    int cpus = 1;
    std::int64_t memoryBytes = 0;
    bool isPlain() const { return cpus <= 1 && memoryBytes == 0; }
  };

  static void dropStale(Source& source, const IsReady& isReady);
  bool fits(const ReadyJob& job, int slots, const JobCapacity& capacity) const;
  Choice start(const std::string& name, Source& source, const ReadyJob& job);

  Weights weights_;
  std::map<std::string, Source> sources_;  ///< those with waiting jobs
  std::map<std::string, double> passes_;   ///< of sources that wait for nothing now
  std::map<std::string, int> runningOf_;
  std::multimap<std::pair<BuildId, int>, Running> running_;
  double now_ = 0;  ///< pass of the last start
  int plain_ = 0, heavyCpus_ = 0;
  std::int64_t memory_ = 0;
  int overtaken_ = 0;  ///< starts since one that comes first did not fit
};

}  // namespace planwright
