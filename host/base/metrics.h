#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/plugin_metrics.h"

namespace planwright {

enum class MetricKind { Counter, Gauge, Histogram };

/// One metric name of the program: base units, `_total` for counters, no ids as labels.
struct MetricFamily {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::vector<double> buckets = {};  ///< histograms only: upper bounds, rising, without +Inf
};

/// Every metric the program has. A name that is not in this list cannot be counted.
const std::vector<MetricFamily>& metricFamilies();

/// The numbers behind /metrics. Parts count into it where things happen:
///   metrics.add("planwright_items_finished_total", {{"queue", name}, {"outcome", "planned"}}, 12);
/// Names come from metricFamilies(); another one throws std::logic_error (a bug, found by the first
/// test). Label order does not matter. Owned by Application. [any thread]
class Metrics {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Counters, and gauges that are counted up and down.
  void add(std::string_view name, Labels labels = {}, double by = 1);
  void set(std::string_view name, Labels labels, double value);
  /// Histograms: one observed value, seconds for times.
  void observe(std::string_view name, Labels labels, double value);
  /// Forgets one sample of a gauge: what it told of is gone.
  void forget(std::string_view name, Labels labels);

  /// The value now; 0 if it was never counted. For a histogram: how many values were observed.
  double value(std::string_view name, Labels labels = {});
  /// The sum over all labels. For a histogram: how many values were observed.
  double total(std::string_view name);

  /// The sums by the values of one label. Values with quotes come back escaped.
  std::map<std::string, double> byLabel(std::string_view name, std::string_view label);

  /// What plugins report: kept within bounds, or counted as dropped.
  void report(std::string_view plugin, std::string_view queue, int kind, std::string_view name,
              double value, std::string_view labels);

  /// The Prometheus text format, version 0.0.4, families in a fixed order, those of plugins last.
  std::string text();

 private:
  struct Sample {
    double value = 0;  ///< histograms: the sum
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;  ///< not cumulated; one per bound
  };
  /// Family name -> labels as written in the exposition (`queue="default"`) -> sample.
  using Samples = std::map<std::string_view, std::map<std::string, Sample>>;

  Guarded<Samples> samples_;
  PluginMetrics plugins_;
};

}  // namespace planwright
