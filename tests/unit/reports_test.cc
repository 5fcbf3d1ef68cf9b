#include "stages/reports.h"

#include <gmock/gmock.h>

#include "base/traceparent.h"

namespace planwright::reports_test {
namespace {

using testing::ElementsAre;

double dropped(Metrics& metrics, std::string_view why) {
  return metrics.value("planwright_plugin_reports_dropped_total",
                       {{"plugin", "p"}, {"what", "event"}, {"why", why}});
}

TEST(Reports, KeepEventsInTheirOrderUnderATypeThatIsNotTheHosts) {
  Metrics metrics;
  Reports reports(metrics, "p", "q");
  reports.event("input.planned", R"({ "a": 1 })");
  reports.event("done", "");
  EXPECT_THAT(reports.takeEvents(),
              ElementsAre(ReportedEvent{"reported.input.planned", R"({"a":1})"},
                          ReportedEvent{"reported.done", "{}"}));
  EXPECT_TRUE(reports.takeEvents().empty());
}

TEST(Reports, WhatBreaksABoundIsLeftOutAndCounted) {
  Metrics metrics;
  Reports reports(metrics, "p", "q");
  for (const char* type : {"", "Upper", "with space", "a/b"}) reports.event(type, "{}");
  reports.event(std::string(65, 'a'), "{}");
  EXPECT_EQ(dropped(metrics, "type"), 5);
  for (const char* body : {"hello", "[]", "{", R"({"a":"\u0000"})", "{\"a\":\"\xff\"}"})
    reports.event("a", body);
  EXPECT_EQ(dropped(metrics, "body"), 5);
  reports.event("a", "{\"a\":\"" + std::string(Reports::kBodyBytes, 'x') + "\"}");
  EXPECT_EQ(dropped(metrics, "size"), 1);
  for (std::size_t i = 0; i < Reports::kMostEvents + 7; ++i) reports.event("a", "{}");
  EXPECT_EQ(dropped(metrics, "number"), 7);
  EXPECT_EQ(reports.takeEvents().size(), Reports::kMostEvents);
}

TEST(Reports, OfProgressTheNewestIsTakenOnce) {
  Metrics metrics;
  Reports reports(metrics, "p", "q");
  EXPECT_EQ(reports.takeProgress(), std::nullopt);
  reports.progress(1, 0, "");
  reports.progress(2, 10, std::string(300, 'n'));
  const auto progress = reports.takeProgress();
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->done, 2u);
  EXPECT_EQ(progress->total, 10u);
  EXPECT_EQ(progress->note.size(), Reports::kNoteBytes);
  EXPECT_EQ(reports.takeProgress(), std::nullopt);
}

TEST(Traceparent, NamesTheSameSpanForTheSameAttempt) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string one = traceparentOf(trace, "input/1/1");
  EXPECT_THAT(one, testing::MatchesRegex("00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01"));
  EXPECT_EQ(traceparentOf(trace, "input/1/1"), one);
  EXPECT_NE(traceparentOf(trace, "input/1/2"), one);
  EXPECT_EQ(traceparentOf("", "input/1/1"), "");
}

}  // namespace
}  // namespace planwright::reports_test
