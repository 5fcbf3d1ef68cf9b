#include "base/metrics.h"

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>

#include "base/files.h"

namespace planwright::metrics_test {
namespace {

using testing::HasSubstr;

TEST(Metrics, SumsACounterByItsLabelsWhateverTheirOrder) {
  Metrics metrics;
  metrics.add("planwright_items_finished_total", {{"queue", "default"}, {"outcome", "built"}}, 2);
  metrics.add("planwright_items_finished_total", {{"outcome", "built"}, {"queue", "default"}}, 3);
  metrics.add("planwright_items_finished_total", {{"outcome", "failed"}, {"queue", "default"}});
  EXPECT_EQ(metrics.value("planwright_items_finished_total",
                          {{"queue", "default"}, {"outcome", "built"}}),
            5);
  EXPECT_EQ(metrics.total("planwright_items_finished_total"), 6);
}

TEST(Metrics, WritesHelpAndTypeOnceAndThenTheSamples) {
  Metrics metrics;
  metrics.set("planwright_queue_depth", {{"queue", "plan \"a\"\\b\n"}}, 7);
  metrics.set("planwright_queue_depth", {{"queue", "z"}}, 0.5);
  EXPECT_EQ(metrics.text(),
            "# HELP planwright_queue_depth Items that wait in a queue and are due.\n"
            "# TYPE planwright_queue_depth gauge\n"
            "planwright_queue_depth{queue=\"plan \\\"a\\\"\\\\b\\n\"} 7\n"
            "planwright_queue_depth{queue=\"z\"} 0.5\n");
}

TEST(Metrics, CumulatesTheBucketsOfAHistogram) {
  Metrics metrics;
  for (const double seconds : {0.001, 0.002, 0.2, 100.0})
    metrics.observe("planwright_http_request_duration_seconds", {{"code", "200"}}, seconds);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("_bucket{code=\"200\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{code=\"200\",le=\"0.003\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{code=\"200\",le=\"30\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{code=\"200\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("_sum{code=\"200\"} 100.203\n"));
  EXPECT_THAT(text, HasSubstr("_count{code=\"200\"} 4\n"));
}

TEST(Metrics, EveryFamilyIsCountedSomewhere) {
  std::string sources;
  for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/host"))
    if (file.path().extension() == ".cc" && file.path().filename() != "metrics.cc")
      sources += readFile(file.path());
  for (const auto& family : metricFamilies())
    EXPECT_THAT(sources, HasSubstr("\"" + std::string(family.name) + "\"")) << family.name;
}

TEST(Metrics, ForgetsASampleWhoseThingIsGone) {
  Metrics metrics;
  metrics.set("planwright_arriving_files", {{"queue", "a"}, {"source", "s"}}, 3);
  metrics.set("planwright_arriving_files", {{"queue", "b"}, {"source", "s"}}, 4);
  metrics.forget("planwright_arriving_files", {{"source", "s"}, {"queue", "a"}});
  EXPECT_EQ(metrics.total("planwright_arriving_files"), 4);
  EXPECT_THAT(metrics.text(), testing::Not(HasSubstr("queue=\"a\"")));
}

TEST(Metrics, RefusesANameThatIsNotInTheList) {
  Metrics metrics;
  EXPECT_THROW(metrics.add("planwright_unheard_of_total"), std::logic_error);
}

TEST(Metrics, EveryFamilyFollowsTheNamingRules) {
  for (const auto& family : metricFamilies()) {
    const bool isTotal = family.name.ends_with("_total");
    EXPECT_EQ(isTotal, family.kind == MetricKind::Counter) << family.name;
    EXPECT_TRUE(family.name.starts_with("planwright_"));
    EXPECT_EQ(family.buckets.empty(), family.kind != MetricKind::Histogram) << family.name;
  }
}

}  // namespace
}  // namespace planwright::metrics_test
