#include "base/metrics.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "base/metric_text.h"

namespace planwright {

namespace {

const std::vector<double> kShort = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};
const std::vector<double> kLong = {0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400};

const MetricFamily& familyOf(std::string_view name) {
  for (const auto& family : metricFamilies())
    if (family.name == name) return family;
  throw std::logic_error(fmt::format("no metric is called {}: add it to base/metrics.cc", name));
}

std::string labelText(Metrics::Labels labels) {
  std::vector<std::pair<std::string_view, std::string_view>> sorted(labels);
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [key, value] : sorted)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", key, escapedLabel(value));
  return out;
}

std::string_view typeText(MetricKind kind) {
  switch (kind) {
    case MetricKind::Counter:
      return "counter";
    case MetricKind::Gauge:
      return "gauge";
    case MetricKind::Histogram:
      return "histogram";
  }
  return "untyped";
}

std::string sampleLine(std::string_view name, std::string_view labels, const std::string& value) {
  if (labels.empty()) return fmt::format("{} {}\n", name, value);
  return fmt::format("{}{{{}}} {}\n", name, labels, value);
}

}  // namespace

// One table, whatever its length.  NOLINTNEXTLINE(readability-function-size)
const std::vector<MetricFamily>& metricFamilies() {
  using enum MetricKind;
  static const std::vector<MetricFamily> families = {
      {"planwright_build_info", Gauge, "Always 1; the version is a label."},
      {"planwright_config_generation", Gauge,
       "Counts up with every reload that changed something."},
      {"planwright_config_loaded_timestamp_seconds", Gauge,
       "When the configuration in force was read."},
      {"planwright_config_reloads_total", Counter,
       "Reloads of the configuration, by result: applied, unchanged or refused."},
      {"planwright_plugin_switches_total", Counter,
       "Queues that went over to another version of a plugin, or back, by result."},
      {"planwright_plugin_deaths_total", Counter,
       "Processes of plugins that died in the middle of a call, by plugin."},
      {"planwright_plugin_quarantines_total", Counter,
       "Versions of plugins that were quarantined, by plugin."},
      {"planwright_plugin_parked_generations", Gauge,
       "Old versions of plugins that stay in the memory of the host."},
      {"planwright_plugins_quarantined", Gauge, "Versions of plugins that are not run now."},
      {"planwright_sandbox_level", Gauge,
       "How well programs can be kept in their place: 0 none, 1 Landlock, 2 namespaces."},
      {"planwright_sandbox_facility", Gauge, "Whether a means of the sandbox works here."},
      {"planwright_queue_depth", Gauge, "Items that wait in a queue and are due."},
      {"planwright_queue_oldest_age_seconds", Gauge,
       "How long the oldest waiting item has waited."},
      {"planwright_queue_enqueued_total", Counter, "Items put in a queue, by who did it."},
      {"planwright_items_finished_total", Counter, "Items that left a stage, by outcome."},
      {"planwright_item_run_seconds", Histogram, "Time from the claim to the end.", kLong},
      {"planwright_job_run_seconds", Histogram, "Time one attempt of a job ran.", kLong},
      {"planwright_retries_total", Counter, "Items put back to be tried again, by reason."},
      {"planwright_dead_letters", Gauge, "Items that failed and wait for a person."},
      {"planwright_workers", Gauge, "Worker slots, by state."},
      {"planwright_job_slots", Gauge, "Slots for running jobs, by state."},
      {"planwright_job_cache_total", Counter, "Cacheable jobs, by what the cache had for them."},
      {"planwright_fenced_writes_total", Counter,
       "Writes refused because the claim was lost to somebody else."},
      {"planwright_reconcile_repairs_total", Counter, "What reconcile put right, by kind."},
      {"planwright_stalled", Gauge,
       "1 while work that could be taken is taken by nobody; on the host that reconciles."},
      {"planwright_redis_up", Gauge, "1 while Redis answers and refuses nothing."},
      {"planwright_postgres_up", Gauge, "1 while Postgres answers and can be written to."},
      {"planwright_store_up", Gauge, "1 while the blob folder can be written to and has room."},
      {"planwright_postgres_connections", Gauge,
       "Connections to Postgres that the threads of this host share, by state."},
      {"planwright_postgres_connections_needed", Gauge,
       "The most connections to Postgres that this host opens."},
      {"planwright_postgres_max_connections", Gauge,
       "What Postgres allows all of its clients together (max_connections)."},
      {"planwright_watcher_last_scan_timestamp_seconds", Gauge,
       "When a poll of a source last worked."},
      {"planwright_arriving_files", Gauge, "Files seen that are not stable yet."},
      {"planwright_inputs_total", Counter, "Files that intake decided about, by result."},
      {"planwright_plugin_reports_dropped_total", Counter,
       "Metrics, events and labels of plugins that broke a bound and were not kept, by what and "
       "why."},
      {"planwright_plugin_info", Gauge, "Always 1; loaded plugins as labels."},
      {"planwright_plugin_errors_total", Counter,
       "Calls of plugins that failed, by plugin and class."},
      {"planwright_http_request_duration_seconds", Histogram, "Time to answer a request.", kShort},
      {"planwright_http_connections", Gauge, "Open connections."},
      {"planwright_http_connections_given_up_total", Counter,
       "Connections that were closed to make room for others."},
      {"planwright_event_clients", Gauge, "Open event streams."},
      {"planwright_event_clients_dropped_total", Counter,
       "Event streams closed because their client did not read."},
      {"planwright_events_published_total", Counter, "Events sent to the event streams."},
      {"planwright_event_lag_seconds", Gauge,
       "Age of the oldest open writing transaction, which holds the event stream back."},
      {"planwright_webhook_attempts_total", Counter,
       "Requests to receivers of webhooks and to forges, by outcome: delivered, failed (it is "
       "tried "
       "again) or dead."},
      {"planwright_webhook_deliveries", Gauge,
       "Deliveries that wait or are dead, by state; of the host that sends."},
      {"planwright_pruned_total", Counter, "Rows deleted by age, by table."},
      {"planwright_audit_lost_total", Counter, "Rows of the audit that could not be written."},
      {"planwright_audit_left_out_total", Counter,
       "Refusals of callers that are not signed in, which are more than the audit keeps."},
      {"planwright_blobs_lost_total", Counter,
       "Blobs whose bytes were found damaged or missing when somebody needed them, by what."},
      {"planwright_blobs_healed_total", Counter, "Lost blobs whose bytes are there again."},
      {"planwright_collected_total", Counter,
       "Blobs and files deleted that nobody reached, by kind."},
      {"planwright_process_resident_memory_bytes", Gauge, "Resident memory of this process."},
      {"planwright_process_start_time_seconds", Gauge, "When this process started."},
  };
  return families;
}

void Metrics::add(std::string_view name, Labels labels, double by) {
  const auto& family = familyOf(name);
  (*samples_.lock())[family.name][labelText(labels)].value += by;
}

void Metrics::set(std::string_view name, Labels labels, double value) {
  const auto& family = familyOf(name);
  (*samples_.lock())[family.name][labelText(labels)].value = value;
}

void Metrics::observe(std::string_view name, Labels labels, double value) {
  const auto& family = familyOf(name);
  const std::string key = labelText(labels);
  auto samples = samples_.lock();
  Sample& sample = (*samples)[family.name][key];
  sample.buckets.resize(family.buckets.size());
  sample.value += value;
  ++sample.count;
  const auto bound = std::lower_bound(family.buckets.begin(), family.buckets.end(), value);
  if (bound != family.buckets.end())
    ++sample.buckets[static_cast<std::size_t>(bound - family.buckets.begin())];
}

void Metrics::forget(std::string_view name, Labels labels) {
  (*samples_.lock())[familyOf(name).name].erase(labelText(labels));
}

double Metrics::value(std::string_view name, Labels labels) {
  const auto& family = familyOf(name);
  const std::string key = labelText(labels);
  auto samples = samples_.lock();
  const auto of = samples->find(family.name);
  if (of == samples->end()) return 0;
  const auto sample = of->second.find(key);
  if (sample == of->second.end()) return 0;
  return family.kind == MetricKind::Histogram ? static_cast<double>(sample->second.count)
                                              : sample->second.value;
}

double Metrics::total(std::string_view name) {
  const auto& family = familyOf(name);
  auto samples = samples_.lock();
  double sum = 0;
  const auto of = samples->find(family.name);
  if (of == samples->end()) return 0;
  for (const auto& [labels, sample] : of->second)
    sum += family.kind == MetricKind::Histogram ? static_cast<double>(sample.count) : sample.value;
  return sum;
}

std::map<std::string, double> Metrics::byLabel(std::string_view name, std::string_view label) {
  const auto& family = familyOf(name);
  const std::string start = fmt::format("{}=\"", label);
  std::map<std::string, double> out;
  auto samples = samples_.lock();
  const auto of = samples->find(family.name);
  if (of == samples->end()) return out;
  for (const auto& [labels, sample] : of->second) {
    auto at = labels.find(start);
    if (at == std::string::npos) continue;
    at += start.size();
    out[labels.substr(at, labels.find('"', at) - at)] += sample.value;
  }
  return out;
}

void Metrics::report(std::string_view plugin, std::string_view queue, int kind,
                     std::string_view name, double value, std::string_view labels) {
  const bool isOurs = std::any_of(
      metricFamilies().begin(), metricFamilies().end(), [&](const MetricFamily& family) {
        return family.name.starts_with(PluginMetrics::kPrefix) &&
               family.name.substr(PluginMetrics::kPrefix.size()) == name;
      });
  const std::string_view why =
      isOurs ? "name" : plugins_.report(plugin, queue, kind, name, value, labels);
  if (!why.empty())
    add("planwright_plugin_reports_dropped_total",
        {{"plugin", plugin}, {"what", "metric"}, {"why", why}});
}

std::string Metrics::text() {
  const Samples copy = *samples_.lock();
  std::string out;
  for (const auto& family : metricFamilies()) {
    const auto of = copy.find(family.name);
    if (of == copy.end()) continue;
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family.name, family.help, family.name,
                       typeText(family.kind));
    for (const auto& [labels, sample] : of->second) {
      if (family.kind != MetricKind::Histogram) {
        out += sampleLine(family.name, labels, metricNumber(sample.value));
        continue;
      }
      const std::string comma = labels.empty() ? "" : ",";
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < family.buckets.size(); ++i) {
        below += sample.buckets[i];
        out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", family.name, labels, comma,
                           metricNumber(family.buckets[i]), below);
      }
      out += fmt::format("{}_bucket{{{}{}le=\"+Inf\"}} {}\n", family.name, labels, comma,
                         sample.count);
      out += sampleLine(fmt::format("{}_sum", family.name), labels, metricNumber(sample.value));
      out += sampleLine(fmt::format("{}_count", family.name), labels, std::to_string(sample.count));
    }
  }
  return out + plugins_.text();
}

}  // namespace planwright
