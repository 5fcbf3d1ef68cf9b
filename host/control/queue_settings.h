#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "control/actions.h"
#include "control/control_parts.h"

namespace planwright {

/// Why a change of settings was refused, with what a client needs to go on.
struct SettingsRefusal {
  Error error;
  std::vector<std::pair<std::string, std::string>> fields =
      {};  ///< JSON pointer into the patch, detail
  /// Stale only: what is there now.
  std::string currentEtag = {}, changedBy = {}, changedAt = {};
};

struct SettingsPatch {
  std::string queue;
  std::string body;                         ///< RFC 7396 merge patch
  std::optional<std::string> expectedEtag;  ///< the revision somebody saw
  std::string actor;
};

struct SettingsView {
  std::string json;
  std::string etag;                     ///< the revision
  std::int64_t enqueued = 0;            ///< by apply_to_waiting
  std::string before = {}, after = {};  ///< JSON of what patch() changed
  std::optional<SettingsRefusal> refusal = {};
};

/// The settings of a queue that may change while the host runs: auto_plan, auto_build, watch_dir,
/// plan_workers, build_workers, job_slots, and whether its stages are paused. They live in the
/// queue's row; enqueueing transactions share-lock it, so no item passes a gate that was already
/// answered "off". [any thread]
class QueueSettings {
 public:
  QueueSettings(const ControlParts& parts, const Actions& actions)
      : parts_(parts),
        actions_(actions) {}

  /// NotFound: no such queue.
  Result<SettingsView> get(const std::string& queue) const;
  /// Applies all of it or nothing. With `apply_to_waiting: true`, a gate that is turned on also
  /// enqueues what waits at it. `refusal` is set when it was refused; NotFound: no such queue.
  Result<SettingsView> patch(const SettingsPatch& patch) const;
  /// `stage`: plan or build. NotFound: no such queue or stage.
  Result<SettingsView> pause(const std::string& queue, const std::string& stage, bool paused,
                             const std::string& actor) const;

  /// JSON Schema 2020-12 of what patch() takes.
  static std::string schemaJson();
  /// {"auto_plan": {"value", "source": "default|file|api", "file", "line", "locked", …}, …}
  Result<std::string> sourcesJson(const std::string& queue) const;

 private:
  struct Changes;
  static std::optional<SettingsRefusal> read(const std::string& body, const Config& config,
                                             const QueueConfig& queue, Changes& changes);
  SettingsRefusal stale(const SettingsView& now) const;

  const ControlParts& parts_;
  const Actions& actions_;
};

/// Why `path` cannot be a queue's watched folder, or nullopt. Asks the file system.
std::optional<std::string> watchDirProblem(const std::string& path, const Config& config);

}  // namespace planwright
