#pragma once

#include <optional>
#include <string>

#include "base/guarded.h"
#include "control/control_parts.h"

namespace planwright {

/// Why nothing may be changed by the API for a while, in the words of whoever said so.
struct MaintenanceNote {
  std::string sentence;
  std::string since;  ///< RFC 3339
  std::string by;
  friend bool operator==(const MaintenanceNote&, const MaintenanceNote&) = default;
};

/// Maintenance mode of all hosts: writes by the API are refused with a sentence. What is recorded,
/// queued and running goes on; who wants that to stop pauses the queues first. What was read is
/// remembered for kRemembered, so that a write costs no query; another host's change is seen after
/// that time. While Postgres is away the last that was known holds. [any thread]
class Maintenance {
 public:
  explicit Maintenance(const ControlParts& parts) : parts_(parts) {}

  static constexpr std::chrono::seconds kRemembered{1};

  /// Nothing: changes are taken.
  std::optional<MaintenanceNote> now() const;
  /// Invalid: no sentence, or one that is too long.
  Result<void> turnOn(const std::string& sentence, const std::string& by) const;
  void turnOff(const std::string& by) const;
  /// {is_on, sentence, since, by}
  std::string json() const;

 private:
  struct Known {
    std::optional<MaintenanceNote> note;
    std::optional<SteadyTime> readAt;
  };
  void forget() const { known_.lock()->readAt.reset(); }

  const ControlParts& parts_;
  mutable Guarded<Known> known_;
};

}  // namespace planwright
