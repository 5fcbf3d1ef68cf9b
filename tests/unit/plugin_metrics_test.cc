#include "base/plugin_metrics.h"

#include <cmath>

#include <gmock/gmock.h>

#include "base/metrics.h"

namespace planwright::plugin_metrics_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kCounter = 0, kGauge = 1, kHistogram = 2;
constexpr const char* kPlugin = "org.example.wheels";

std::string_view report(PluginMetrics& metrics, std::string_view name, std::string_view labels = {},
                        int kind = kCounter, double value = 1) {
  return metrics.report(kPlugin, "wheels", kind, name, value, labels);
}

TEST(PluginMetrics, AreWrittenWithTheirPluginAndQueue) {
  PluginMetrics metrics;
  EXPECT_EQ(report(metrics, "resolved_total", R"({"index":"a \"b\"","n":3,"new":true})"), "");
  EXPECT_EQ(report(metrics, "resolved_total", R"({"n":3,"new":true,"index":"a \"b\""})"), "");
  EXPECT_EQ(report(metrics, "size", {}, kGauge, 7), "");
  EXPECT_EQ(report(metrics, "size", {}, kGauge, 2.5), "");
  EXPECT_EQ(metrics.report(kPlugin, "", kGauge, "size", 1, {}), "");
  EXPECT_EQ(metrics.text(),
            "# HELP planwright_plugin_resolved_total Counted by a plugin.\n"
            "# TYPE planwright_plugin_resolved_total counter\n"
            "planwright_plugin_resolved_total{index=\"a \\\"b\\\"\",n=\"3\",new=\"true\","
            "plugin=\"org.example.wheels\",queue=\"wheels\"} 2\n"
            "# HELP planwright_plugin_size Counted by a plugin.\n"
            "# TYPE planwright_plugin_size gauge\n"
            "planwright_plugin_size{plugin=\"org.example.wheels\"} 1\n"
            "planwright_plugin_size{plugin=\"org.example.wheels\",queue=\"wheels\"} 2.5\n");
}

TEST(PluginMetrics, AHistogramHasItsBuckets) {
  PluginMetrics metrics;
  for (const double value : {0.5, 5.0, 1e12})
    report(metrics, "took_seconds", {}, kHistogram, value);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE planwright_plugin_took_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("queue=\"wheels\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("queue=\"wheels\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("queue=\"wheels\",le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("queue=\"wheels\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("took_seconds_count{plugin=\"org.example.wheels\",queue=\"wheels\"} 3\n"));
}

TEST(PluginMetrics, WhatBreaksARuleIsNotKept) {
  PluginMetrics metrics;
  for (const char* name : {"", "with space", "9lives", "a-b", "a_bucket", "a_sum", "a_count", "ä"})
    EXPECT_EQ(report(metrics, name), "name") << name;
  EXPECT_EQ(report(metrics, std::string(65, 'a')), "name");
  for (const char* labels : {"[]", "{", R"({"plugin":"x"})", R"({"queue":"x"})", R"({"le":"1"})",
                             R"({"a b":"x"})", R"({"__a":"x"})", R"({"a":{}})", R"({"a":null})",
                             R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1})"})
    EXPECT_EQ(report(metrics, "n", labels), "labels") << labels;
  EXPECT_EQ(report(metrics, "n", {}, 3), "kind");
  EXPECT_EQ(report(metrics, "n", {}, kCounter, -1), "value");
  EXPECT_EQ(report(metrics, "n", {}, kGauge, std::nan("")), "value");
  EXPECT_EQ(report(metrics, "n", {}, kGauge, INFINITY), "value");
  EXPECT_EQ(metrics.text(), "");
  EXPECT_EQ(report(metrics, "n", {}, kGauge), "");
  EXPECT_EQ(report(metrics, "n", {}, kCounter), "kind") << "a name has one kind";
}

TEST(PluginMetrics, HasRoomForSoManyOfEachPlugin) {
  PluginMetrics metrics;
  const auto labels = [](std::size_t n) { return "{\"n\":" + std::to_string(n) + "}"; };
  for (std::size_t i = 0; i < PluginMetrics::kMostSeries; ++i)
    EXPECT_EQ(report(metrics, "a", labels(i)), "");
  EXPECT_EQ(report(metrics, "a", labels(PluginMetrics::kMostSeries)), "series");
  EXPECT_EQ(report(metrics, "a", labels(0)), "") << "those that are there go on";
  EXPECT_EQ(metrics.report("other", "q", kCounter, "a", 1, {}), "")
      << "another has room of its own";
  PluginMetrics names;
  for (std::size_t i = 0; i < PluginMetrics::kMostFamilies; ++i)
    EXPECT_EQ(report(names, "a" + std::to_string(i)), "");
  EXPECT_EQ(report(names, "b"), "families");
}

TEST(PluginMetrics, ALongLabelIsCutBetweenCharacters) {
  PluginMetrics metrics;
  EXPECT_EQ(report(metrics, "a", "{\"l\":\"x" + std::string(60, 'y') + "ääääääääääääääääääää\"}"),
            "");
  EXPECT_THAT(metrics.text(), HasSubstr("l=\"x" + std::string(60, 'y') + "äääääääää\","));
}

TEST(PluginMetrics, WhatIsDroppedIsCounted) {
  Metrics metrics;
  metrics.report(kPlugin, "wheels", kCounter, "good_total", 2, {});
  metrics.report(kPlugin, "wheels", kCounter, "not good", 2, {});
  metrics.report(kPlugin, "wheels", kCounter, "deaths_total", 2, {});  // one of the host's own
  EXPECT_EQ(metrics.value("planwright_plugin_reports_dropped_total",
                          {{"plugin", kPlugin}, {"what", "metric"}, {"why", "name"}}),
            2);
  EXPECT_THAT(metrics.text(), HasSubstr("planwright_plugin_good_total{"));
  EXPECT_THAT(metrics.text(), Not(HasSubstr("not good")));
}

}  // namespace
}  // namespace planwright::plugin_metrics_test
