#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace planwright {

/// What becomes of one queue.
struct QueueChange {
  enum class Kind { Added, Removed, Changed };
  std::string queue;
  Kind kind = Kind::Changed;
  /// What differs, as the file writes it: "planner.settings.python", "retry.attempts". Names only:
  /// values may be secrets.
  std::vector<std::string> keys;
  friend bool operator==(const QueueChange&, const QueueChange&) = default;
};

/// What taking over another configuration would do to a running host.
struct ChangePlan {
  /// Top-level keys that a host reads at its start only ("data", "listen"). While there are any, it
  /// takes over nothing.
  std::vector<std::string> restart;
  std::vector<std::string> host;    ///< top-level keys that take effect at once
  std::vector<QueueChange> queues;  ///< in the order of their names

  bool isEmpty() const { return restart.empty() && host.empty() && queues.empty(); }
  const QueueChange* of(const std::string& queue) const;
  /// One line for each change, or "no changes".
  std::vector<std::string> lines() const;
  /// {"restart": […], "host": […], "queues": [{"queue", "change": "added|removed|changed",
  /// "keys"}]}
  std::string json() const;
  friend bool operator==(const ChangePlan&, const ChangePlan&) = default;
};

/// From what runs to what is wanted. Compared are values, so comments, order and defaults that are
/// written out make no difference.
ChangePlan changePlan(const Config& running, const Config& wanted);

}  // namespace planwright
