#include "config/change_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_reader.h"

namespace planwright::change_plan_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config config(std::string_view yaml) {
  const ReadConfig read = readConfigText(yaml, "team.yaml", "/etc");
  for (const auto& problem : read.problems) ADD_FAILURE() << problem.text();
  return read.config;
}

ChangePlan plan(std::string_view before, std::string_view after) {
  return changePlan(config(before), config(after));
}

constexpr const char* kOne = R"(
queues:
  wheels:
    planner: {plugin: org.example.wheels, settings: {python: 311, deep: {a: 1, b: 2}}}
)";

TEST(ChangePlan, TheSameInOtherWordsIsNoChange) {
  EXPECT_TRUE(plan(kOne, kOne).isEmpty());
  const auto same = plan(kOne, R"(
# a comment, other order, a default written out
lease: 15s
queues:
  wheels:
    auto_plan: true
    planner: {settings: {python: 311, deep: {a: 1, b: 2}}, plugin: org.example.wheels}
)");
  EXPECT_TRUE(same.isEmpty()) << same.json();
  EXPECT_THAT(same.lines(), ElementsAre("no changes"));
}

TEST(ChangePlan, NamesTheKeysThatDiffer) {
  const auto changes = plan(kOne, R"(
queues:
  wheels:
    retry: {attempts: 5}
    planner: {plugin: org.example.wheels, settings: {python: 312, deep: {a: 1, b: 3}}}
)");
  ASSERT_NE(changes.of("wheels"), nullptr);
  EXPECT_THAT(changes.of("wheels")->keys,
              ElementsAre("planner.settings.deep.b", "planner.settings.python", "retry"));
  EXPECT_THAT(changes.restart, IsEmpty());
}

TEST(ChangePlan, DefaultsOfTheFileCountForEveryQueue) {
  const auto changes = plan("queues: {a: , b: {retry: {attempts: 7}}}",
                            "defaults: {retry: {attempts: 7}}\nqueues: {a: , b: }");
  ASSERT_EQ(changes.queues.size(), 1U);
  EXPECT_EQ(changes.queues[0].queue, "a");
}

TEST(ChangePlan, QueuesComeAndGo) {
  const auto changes = plan("queues: {a: , b: }", "queues: {b: , c: }");
  EXPECT_THAT(changes.lines(), ElementsAre("queue a: removed", "queue c: added"));
}

TEST(ChangePlan, WhatIsReadAtTheStartNeedsARestart) {
  const auto changes = plan("listen: 127.0.0.1:1", "listen: 127.0.0.1:2\ndata: /elsewhere");
  EXPECT_THAT(changes.restart, ElementsAre("listen", "data"));
}

TEST(ChangePlan, LocksAndRootsTakeEffectAtOnce) {
  const auto changes = plan("locked: [auto_plan]", "watch_roots: [/srv]");
  EXPECT_THAT(changes.host, ElementsAre("watch_roots", "locked"));
  EXPECT_THAT(changes.restart, IsEmpty());
}

TEST(ChangePlan, ASecretThatIsSomewhereElseChangesItsStage) {
  constexpr const char* kBuilder = "\nqueues: {a: {builder: {secrets: [TOKEN]}}}";
  const auto changes = plan("secrets: {TOKEN: {env: A}}" + std::string(kBuilder),
                            "secrets: {TOKEN: {env: B}}" + std::string(kBuilder));
  ASSERT_NE(changes.of("a"), nullptr);
  EXPECT_THAT(changes.of("a")->keys, ElementsAre("builder"));
}

}  // namespace
}  // namespace planwright::change_plan_test
