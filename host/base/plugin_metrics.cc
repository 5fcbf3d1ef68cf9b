#include "base/plugin_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "base/metric_text.h"

namespace planwright {
namespace {

constexpr int kCounter = 0, kHistogram = 2;  // PW_COUNTER, PW_HISTOGRAM
/// What a plugin observes may be seconds, bytes or jobs.
constexpr std::array kBounds = {0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3,
                                1e4,   1e5,  1e6, 1e7, 1e8,  1e9};
constexpr std::array kKindWords = {"counter", "gauge", "histogram"};

/// [a-zA-Z_][a-zA-Z0-9_]*
bool isName(std::string_view text) {
  const auto isWord = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= PluginMetrics::kNameBytes &&
         !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), isWord);
}

/// A histogram's own lines end so.
bool endsLikeASample(std::string_view name) {
  return name.ends_with("_bucket") || name.ends_with("_sum") || name.ends_with("_count");
}

std::optional<std::string> valueText(const JsonValue& value) {
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsNumber()) return toJson(value);
  if (!value.IsString()) return std::nullopt;
  std::string text(value.GetString(), value.GetStringLength());
  if (text.size() <= PluginMetrics::kValueBytes) return text;
  std::size_t end = PluginMetrics::kValueBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return text.substr(0, end);
}

/// As they stand in the exposition; nothing if they break a rule.
std::optional<std::string> labelsOf(std::string_view plugin, std::string_view queue,
                                    std::string_view json) {
  std::map<std::string, std::string> labels;
  const auto parsed = parseJson(json.empty() ? "{}" : json);
  if (!parsed || !parsed->IsObject() || parsed->MemberCount() > PluginMetrics::kMostLabels)
    return std::nullopt;
  for (const auto& member : parsed->GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    auto value = valueText(member.value);
    const bool isOurs = name == "plugin" || name == "queue" || name == "le";
    if (!isName(name) || name.starts_with("__") || isOurs || !value) return std::nullopt;
    labels.emplace(name, std::move(*value));
  }
  labels.emplace("plugin", plugin);
  if (!queue.empty()) labels.emplace("queue", queue);
  std::string out;
  for (const auto& [name, value] : labels)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escapedLabel(value));
  return out;
}

}  // namespace

std::string_view PluginMetrics::report(std::string_view plugin, std::string_view queue, int kind,
                                       std::string_view name, double value,
                                       std::string_view labels) {
  if (kind < kCounter || kind > kHistogram) return "kind";
  if (!isName(name) || endsLikeASample(name)) return "name";
  if (!std::isfinite(value) || (kind == kCounter && value < 0)) return "value";
  const auto text = labelsOf(plugin, queue, labels);
  if (!text) return "labels";
  auto state = state_.lock();
  Used& used = state->plugins.try_emplace(std::string(plugin)).first->second;
  auto family = state->families.find(std::string(name));
  if (family != state->families.end() && family->second.kind != kind) return "kind";
  const bool isNew = family == state->families.end() || !family->second.series.contains(*text);
  if (isNew && used.series >= kMostSeries) return "series";
  if (family == state->families.end()) {
    if (used.families >= kMostFamilies) return "families";
    ++used.families;
    family = state->families.emplace(name, Family{kind, {}}).first;
  }
  if (isNew) ++used.series;
  Series& series = family->second.series[*text];
  if (kind == kHistogram) {
    series.buckets.resize(kBounds.size());
    series.value += value;
    ++series.count;
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), value);
    if (bound != kBounds.end()) ++series.buckets[static_cast<std::size_t>(bound - kBounds.begin())];
  } else {
    series.value = kind == kCounter ? series.value + value : value;
  }
  return "";
}

std::string PluginMetrics::text() {
  auto state = state_.lock();
  std::string out;
  for (const auto& [name, family] : state->families) {
    const std::string full = std::string(PluginMetrics::kPrefix) + name;
    out += fmt::format("# HELP {} Counted by a plugin.\n# TYPE {} {}\n", full, full,
                       kKindWords[static_cast<std::size_t>(family.kind)]);
    for (const auto& [labels, series] : family.series) {
      if (family.kind != kHistogram) {
        out += fmt::format("{}{{{}}} {}\n", full, labels, metricNumber(series.value));
        continue;
      }
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < kBounds.size(); ++i) {
        below += series.buckets[i];
        out += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", full, labels, metricNumber(kBounds[i]),
                           below);
      }
      out += fmt::format("{}_bucket{{{},le=\"+Inf\"}} {}\n", full, labels, series.count);
      out += fmt::format("{}_sum{{{}}} {}\n", full, labels, metricNumber(series.value));
      out += fmt::format("{}_count{{{}}} {}\n", full, labels, series.count);
    }
  }
  return out;
}

}  // namespace planwright
