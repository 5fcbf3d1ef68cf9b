#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"

namespace planwright {

/// The metrics that plugins count, as planwright_plugin_NAME{plugin,queue,…} of /metrics. A plugin
/// is a stranger: the names, the labels and how many there may be of both are bounded, and what is
/// over a bound is not kept. Part of Metrics. [any thread]
class PluginMetrics {
 public:
  static constexpr std::string_view kPrefix = "planwright_plugin_";
  static constexpr std::size_t kMostFamilies = 50;  ///< of one plugin
  static constexpr std::size_t kMostSeries = 300;   ///< of one plugin
  static constexpr std::size_t kMostLabels = 6;     ///< besides plugin and queue
  static constexpr std::size_t kNameBytes = 64;     ///< of a name of a metric or label
  static constexpr std::size_t kValueBytes = 80;    ///< of a label's value; a longer one is cut

  /// One report. `kind` is PW_COUNTER (0: adds to it), PW_GAUGE (1) or PW_HISTOGRAM (2); `labels` a
  /// JSON object of texts, numbers and booleans, or empty. Gives "", or why it is not kept, in one
  /// word: name, kind, value, labels, families or series.
  std::string_view report(std::string_view plugin, std::string_view queue, int kind,
                          std::string_view name, double value, std::string_view labels);
  /// In the Prometheus text format.
  std::string text();

 private:
  struct Series {
    double value = 0;  ///< of a histogram: the sum
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;
  };
  struct Family {
    int kind = 0;
    std::map<std::string, Series> series;  ///< by the labels as they are written
  };
  struct Used {
    std::size_t families = 0, series = 0;
  };
  struct State {
    std::map<std::string, Family> families;            ///< by name, without the prefix
    std::map<std::string, Used, std::less<>> plugins;  ///< what each of them added
  };
  Guarded<State> state_;
};

}  // namespace planwright
