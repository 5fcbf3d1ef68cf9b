#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "base/reported.h"

namespace planwright {

/// What a call tells while it runs, beside its result: metrics, events and how far it is. A plugin
/// is a stranger, so all of it is bounded; what is over a bound is left out and counted in
/// planwright_plugin_reports_dropped_total. Part of the call's services. [any thread]
class Reports {
 public:
  static constexpr std::size_t kMostEvents = 100;                   ///< until they are taken
  static constexpr std::size_t kBodyBytes = std::size_t{16} << 10;  ///< of an event
  static constexpr std::size_t kTypeBytes = 64;                     ///< [a-z0-9._-], of an event
  static constexpr std::size_t kNoteBytes = 200;  ///< of progress; the rest is cut

  Reports(Metrics& metrics, std::string plugin, std::string queue)
      : metrics_(metrics),
        plugin_(std::move(plugin)),
        queue_(std::move(queue)) {}

  void metric(int kind, std::string_view name, double value, std::string_view labels) {
    metrics_.report(plugin_, queue_, kind, name, value, labels);
  }
  void event(std::string_view type, std::string_view bodyJson);
  void progress(std::uint64_t done, std::uint64_t total, std::string_view note);

  /// In the order in which they were told.
  std::vector<ReportedEvent> takeEvents();
  /// The newest; nothing if that was taken before.
  std::optional<CallProgress> takeProgress();

 private:
  struct State {
    std::vector<ReportedEvent> events;
    std::optional<CallProgress> progress;
  };

  Metrics& metrics_;
  const std::string plugin_, queue_;
  Guarded<State> state_;
};

}  // namespace planwright
