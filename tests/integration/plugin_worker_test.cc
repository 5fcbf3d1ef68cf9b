// Stages in processes of their own: the same results as in this one, and deaths that cost one call.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "base/files.h"
#include "programs/keeper.h"
#include "stages/registry.h"
#include "stages/stage_call.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::plugin_worker_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PluginWorker : public testing::Test {
 protected:
  struct Host {
    TempFolder folder;
    Keeper keeper{KeeperOptions{BINARY_DIR "/planwright", 15'000, -1}};
    Plugins plugins{
        {{BINARY_DIR "/tests/plugins"}, folder.path() / "store", folder.path() / "work"}, keeper};
  };
  static void SetUpTestSuite() { host = std::make_unique<Host>(); }
  static void TearDownTestSuite() { host.reset(); }

  std::unique_ptr<StageInstance> planner(const std::string& how, StageRoom room = kProcess) {
    auto made = host->plugins.planner("test.faulty", "q", "{\"how\":\"" + how + "\"}", room);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  StageOutcome plan(StageInstance& planner, const std::string& text) {
    StageInput given = input;
    given.content = text;
    StageCall call(services);
    return planner.plan(given, call);
  }

  static inline const StageRoom kProcess{StageRoom::Isolation::Process, {}};
  static inline std::unique_ptr<Host> host;
  FakeServices services;
  StageInput input{"1", "a.txt", "", "text/plain", "{}", "hello", 5, true, 1};
};

TEST_F(PluginWorker, GivesTheSameOutcomesAsInThisProcess) {
  services.secrets = {{"token", "hunter2"}};
  for (const char* how :
       {"plan", "throw", "throw-int", "double", "wrong-kind", "reject", "retry", "cancelled",
        "missing-blob", "secret", "other-secret", "exec", "other-exec"}) {
    SCOPED_TRACE(how);
    const auto inner = plan(*planner(how, {}), "hello");
    const auto innerLogs = std::exchange(services.logs, {});
    const auto outer = plan(*planner(how), "hello");
    EXPECT_EQ(inner.text, outer.text);
    EXPECT_EQ(inner.failure, outer.failure);
    EXPECT_EQ(innerLogs, std::exchange(services.logs, {}));
  }
}

TEST_F(PluginWorker, ADeathCostsOneCallAndIsToldWithSignalDigestAndLastWords) {
  const auto stage = planner("die");
  const auto segv = plan(*stage, "segv");
  EXPECT_EQ(segv.failure->kind, FailureClass::Infra);
  EXPECT_THAT(segv.failure->message, HasSubstr("died with signal 11 (Segmentation fault)"));
  EXPECT_THAT(segv.failure->details, HasSubstr(host->plugins.find("test.faulty")->digest));
  EXPECT_FALSE(plan(*stage, "fine").failure);
  const auto abort = plan(*stage, "abort");
  EXPECT_THAT(abort.failure->message, HasSubstr("signal 6"));
  EXPECT_THAT(abort.failure->details, HasSubstr("assertion failed: two is one"));
  EXPECT_THAT(plan(*stage, "exit").failure->message, HasSubstr("died with exit code 7"));
  EXPECT_FALSE(plan(*stage, "flood").failure) << "what nobody reads must not block it";
  EXPECT_FALSE(plan(*stage, "thread").failure);
  EXPECT_FALSE(plan(*stage, "fine").failure);
}

TEST_F(PluginWorker, GarbageInsteadOfFramesBreaksTheContract) {
  const auto stage = planner("die");
  const auto outcome = plan(*stage, "garbage");
  EXPECT_EQ(outcome.failure->kind, FailureClass::Bug);
  EXPECT_THAT(outcome.failure->message, HasSubstr("is no kind of frame"));
  EXPECT_FALSE(plan(*stage, "fine").failure);
}

TEST_F(PluginWorker, WhatItForkedDiesWithIt) {
  auto stage = planner("fork");
  EXPECT_FALSE(plan(*stage, "hello").failure);
  ASSERT_EQ(services.logs.size(), 1U);
  const pid_t forked = std::stoi(services.logs[0]);
  ASSERT_EQ(::kill(forked, 0), 0) << "it lives as long as its stage";
  stage.reset();  // returns when the keeper has proof that nothing of it lives
  EXPECT_EQ(::kill(forked, 0), -1) << forked;
}

TEST_F(PluginWorker, AStopInterruptsAndWhoDoesNotListenIsKilled) {
  for (const char* how : {"wait", "die"}) {
    const auto stage = planner(how);
    StageInput given = input;
    given.content = "hang";
    StageCall call(services);
    std::jthread stopper([&] { call.stop(StopReason::Deadline); });
    const auto begin = std::chrono::steady_clock::now();
    const auto outcome = stage->plan(given, call);
    EXPECT_EQ(outcome.failure->kind, FailureClass::Timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  }
}

TEST_F(PluginWorker, TheHostDoesNotLoadTheCodeOfOtherPeople) {
  using Isolation = StageRoom::Isolation;
  TempFolder folder;
  const Plugins plugins({{},
                         folder.path() / "store",
                         {},
                         nullptr,
                         {BINARY_DIR "/tests/plugins", BINARY_DIR "/tests/plugins/outsiders"}},
                        host->keeper);
  const auto isHere = [&] {
    return readFile("/proc/self/maps").find(folder.path().string()) != std::string::npos;
  };
  if (!plugins.find("test.liar"))
    GTEST_SKIP() << "the build is in a folder of another user, from which nothing is loaded";
  EXPECT_THAT(plugins.find("test.wrong-major")->error, HasSubstr("speaks plugin ABI 2"));
  EXPECT_THAT(plugins.find("test.liar")->error, HasSubstr("its code says test.liar 9.9.9"));
  for (const char* id : {"test.faulty", "test.outsider"}) {
    EXPECT_EQ(plugins.find(id)->error, "");
    EXPECT_EQ(*plugins.isolation(id, Isolation::Auto), Isolation::Process);
    const auto stage = plugins.planner(id, "q", "{}", {Isolation::Auto, {}});
    ASSERT_TRUE(stage) << stage.error().message;
    EXPECT_FALSE(plan(**stage, "hello").failure);
  }
  const auto chosen = plugins.planner("test.insider", "q", "{}", {Isolation::Auto, {}});
  EXPECT_THAT(chosen.error().message, HasSubstr("write isolation: inproc to allow that"));
  const StageRoom strict{Isolation::Inproc, {}, StageRoom::Rights::Strict};
  EXPECT_THAT(plugins.planner("test.faulty", "q", "{}", strict).error().message,
              HasSubstr("has no effect; write isolation: process"));
  EXPECT_FALSE(isHere());
  EXPECT_TRUE(plugins.planner("test.insider", "q", "{}", {Isolation::Inproc, {}}));
  const auto refused = plugins.planner("test.outsider", "q", "{}", {Isolation::Inproc, {}});
  EXPECT_THAT(refused.error().message, HasSubstr("write isolation: process"));
  EXPECT_TRUE(plugins.planner("test.faulty", "q", "{}", {Isolation::Inproc, {}}));
  EXPECT_TRUE(isHere());
}

TEST_F(PluginWorker, SettingsAreRefusedWithTheSameWords) {
  for (const StageRoom& room : {StageRoom{}, kProcess}) {
    const auto made = host->plugins.planner("test.faulty", "q", R"({"create":"config"})", room);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::Invalid);
    EXPECT_EQ(made.error().message, "the setting is impossible");
  }
}

TEST_F(PluginWorker, ASourceIsPolledThereAndItsDescriptorTellsWhen) {
  StageCall call(services);
  for (const StageRoom& room : {StageRoom{}, kProcess}) {
    const auto source = host->plugins.source("test.faulty", "q", "{}", room);
    ASSERT_TRUE(source) << source.error().message;
    const auto poll = (*source)->poll("x", call);
    ASSERT_EQ(poll.items.size(), 1u);
    EXPECT_EQ(poll.items[0].path, "/drop/a.txt");
    EXPECT_EQ(poll.items[0].attributesJson, R"({"mode":"0644"})");
    EXPECT_EQ(poll.text, "x+");
    EXPECT_EQ(poll.next, std::chrono::milliseconds(250));
    EXPECT_EQ((*source)->fd(), -1);
  }

  TempFolder folder;
  const Plugins bundled({{BINARY_DIR "/plugins"}, folder.path() / "store", {}}, host->keeper);
  const auto drop = folder.path() / "drop";
  std::filesystem::create_directory(drop);
  const auto source =
      bundled.source("planwright.folder", "q", R"({"path":")" + drop.string() + "\"}", kProcess);
  ASSERT_TRUE(source) << source.error().message;
  const auto cursor = (*source)->poll("", call).text;
  std::ofstream(drop / "a.txt") << "hello";
  pollfd sign{(*source)->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&sign, 1, 10'000), 1) << "it is told what happens in the folder";
  const auto poll = (*source)->poll(cursor, call);
  ASSERT_FALSE(poll.items.empty());
  EXPECT_EQ(poll.items[0].name, "a.txt");
}

TEST_F(PluginWorker, ABuilderNamesBlobsAsOutputs) {
  auto builder = host->plugins.builder("test.faulty", "q", "{}", kProcess);
  ASSERT_TRUE(builder);
  StageJob job;
  job.workdir = "/work";
  StageCall call(services);
  const auto outcome = (*builder)->build(job, call);
  ASSERT_EQ(outcome.outputs.size(), 1u);
  EXPECT_EQ(outcome.outputs[0].name, "a.txt");
  EXPECT_THAT(services.notes, ElementsAre("/work"));
}

}  // namespace
}  // namespace planwright::plugin_worker_test
