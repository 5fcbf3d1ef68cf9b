#include <gtest/gtest.h>
#include <planwright/testing.hpp>

using pw::testing::FakeHost;

const pw_planner& planner() {
  return *pw::testing::stage<pw_planner>(planwright_module, PW_PLANNER);
}

TEST(@CLASS@, PlansAJobForEachLine) {
  FakeHost host;
  const auto end = host.plan(planner(), {.name = "names.txt", .content = "ann\nbob\n"});
  ASSERT_TRUE(end.ok()) << end.message;
  const std::string plan = host.emitted("plan").at(0);
  EXPECT_NE(plan.find("\"line-1\""), std::string::npos) << plan;
  EXPECT_NE(plan.find("\"line-2\""), std::string::npos) << plan;
}

TEST(@CLASS@, StopsWhereverTheHostStopsIt) {
  for (int n = 1; n <= 5; ++n) {
    FakeHost host;
    host.cancelAt = n;
    const auto end = host.plan(planner(), {.content = "ann\nbob\n"});
    EXPECT_TRUE(end.ok() || end.status == PW_CANCELLED) << end.message;
  }
}
