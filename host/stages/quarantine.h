#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"

namespace planwright {

/// How a process of a plugin ended in the middle of a call.
struct WorkerDeath {
  std::string plugin, version, digest;
  std::string item;       ///< what it worked on; the same for the same input or job
  std::string how;        ///< "died with signal 11 (Segmentation fault)"
  std::string lastWords;  ///< the end of what it printed
};

/// A version of a plugin that is not run any more.
struct QuarantinedPlugin {
  std::string plugin, version, digest;
  std::string reason;  ///< one sentence for people: what it did, and the remedy
  std::string deathsJson = "[]";
};

/// Tells a broken plugin from a broken input: a version whose processes died on `deaths` different
/// items within `window`, with no call that came back between, is not run any more, on any host,
/// until somebody releases it or another version is installed. This counts for one host and holds
/// what all of them know; the database is the memory (queues/quarantine_watch.h).
/// [any thread]
class Quarantine {
 public:
  struct Rule {
    int deaths = 3;
    std::chrono::milliseconds window{600'000};
  };
  explicit Quarantine(Rule rule) : rule_(rule) {}

  /// Why that version is not run, or "".
  std::string whyNot(const std::string& digest) const;
  void cameBack(const std::string& digest);
  void died(const WorkerDeath& death, SteadyTime now);

  /// Versions that this host has quarantined and that are not in the database yet.
  std::vector<QuarantinedPlugin> unwritten() const;
  void written(const std::string& digest);
  /// All that is written: digest and reason.
  void know(std::map<std::string, std::string> reasons);
  /// Deaths by plugin since the last call.
  std::map<std::string, std::int64_t> takeDeaths();

 private:
  struct Counted {
    WorkerDeath death;
    SteadyTime at;
  };
  struct State {
    std::map<std::string, std::deque<Counted>> deaths;  ///< by digest, of different items
    std::map<std::string, std::string> known;
    std::map<std::string, QuarantinedPlugin> fresh;
    std::map<std::string, std::int64_t> total;
  };
  const Rule rule_;
  mutable Guarded<State> state_;
};

}  // namespace planwright
