#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "control/control_parts.h"
#include "control/stage_counts.h"
#include "model/caller.h"

namespace planwright {

/// The state of the whole: queues, hosts, failures, plugins, repairs, health. [any thread]
class Overview {
 public:
  explicit Overview(const ControlParts& parts);

  // `seen`: only what these queues have, if it says any.

  std::string queues(const SomeQueues& seen = {});  ///< page of queues
  Result<std::string> queue(const std::string& name);
  std::string workers();  ///< page of the running instances
  std::string arriving(
      const SomeQueues& seen = {}) const;  ///< page of files that are not stable yet
  /// Page of groups. Invalid (parameter "since"): not a time.
  Result<std::string> failures(const std::string& since, const SomeQueues& seen = {}) const;
  std::string reconciler() const;  ///< {repairs: {kind: count}, fenced_writes}
  std::string plugins() const;     ///< page
  Result<std::string> plugin(const std::string& id) const;
  /// Its versions are run again. NotFound: none is quarantined.
  Result<std::string> releasePlugin(const std::string& id, const std::string& actor) const;
  std::string version() const;
  /// {ready, mode, dependencies: {name: {ready, detail}}}, and whether work can go on.
  std::pair<std::string, bool> readiness() const;
  /// A person changed something, so the next answer must be counted again.
  void forget() { counts_.forget(); }

  /// The Prometheus text of everything.
  std::string metrics();

 private:
  struct QueueRow {
    std::string name, json;
  };
  std::vector<QueueRow> rows();

  const ControlParts& parts_;
  StageCounts counts_;
};

}  // namespace planwright
