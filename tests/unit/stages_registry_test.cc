#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planwright/plugin.h"

#include "base/json.h"
#include "stages/registry.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::stages_registry_test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// The rule breakers of tests/plugins through the real loader.
class FaultyPlugin : public testing::Test {
 protected:
  /// Loaded once: that is what a host does, and it is the slow part.
  struct Host {
    TempFolder folder;
    ScriptedPrograms programs;
    Plugins plugins{
        {{BINARY_DIR "/tests/plugins"}, folder.path() / "store", folder.path() / "work"}, programs};
  };
  static void SetUpTestSuite() { host = std::make_unique<Host>(); }
  static void TearDownTestSuite() { host.reset(); }

  StageOutcome plan(const std::string& how) {
    auto planner = plugins.planner("test.faulty", "q", "{\"how\":\"" + how + "\"}");
    EXPECT_TRUE(planner) << planner.error().message;
    return (*planner)->plan(input, call);
  }
  Failure failureOf(const std::string& how) {
    return plan(how).failure.value_or(Failure{FailureClass::Failed, "none", {}, {}});
  }

  static inline std::unique_ptr<Host> host;
  Plugins& plugins = host->plugins;
  FakeServices services;
  StageCall call{services};
  StageInput input{"1", "a.txt", "", "text/plain", "{}", "hello", 5, true, 1};
};

TEST_F(FaultyPlugin, OneBadFileDoesNotStopTheOthers) {
  EXPECT_EQ(plugins.find("test.faulty")->error, "");
  EXPECT_THAT(plugins.find("test.wrong-major")->error,
              HasSubstr("speaks plugin ABI 2, this host speaks 1"));
  EXPECT_THAT(plugins.find("test.liar")->error,
              HasSubstr("manifest says test.liar 1.0.0, its code says test.liar 9.9.9"));
  EXPECT_THAT(plugins.planner("test.liar", "q", "{}").error().message,
              HasSubstr("could not be loaded: Its manifest says"));
  EXPECT_EQ(plugins.planner("test.nobody", "q", "{}").error().kind, ErrorKind::NotFound);
}

TEST_F(FaultyPlugin, PlansWhenItBehaves) {
  const auto outcome = plan("plan");
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(outcome.text, R"({"jobs":[{"id":"read","spec":{"text":"hello"}}],"summary":{}})");
}

TEST_F(FaultyPlugin, AnExceptionIsABugAndTheNextCallWorks) {
  auto planner = plugins.planner("test.faulty", "q", R"({"how":"throw"})");
  for (int i = 0; i < 2; ++i) {
    const auto outcome = (*planner)->plan(input, call);
    EXPECT_EQ(outcome.failure->kind, FailureClass::Bug);
    EXPECT_EQ(outcome.failure->message, "unexpected exception: index out of range");
  }
  EXPECT_THAT(failureOf("throw-int").message, HasSubstr("not a std::exception"));
}

TEST_F(FaultyPlugin, ABrokenContractIsABug) {
  EXPECT_EQ(failureOf("double").kind, FailureClass::Bug);
  EXPECT_EQ(failureOf("double").message,
            "The plugin test.faulty broke its contract: it emitted a second plan.");
  EXPECT_THAT(failureOf("wrong-kind").message,
              HasSubstr("it emitted \"output\", which does not belong here"));
  EXPECT_EQ(failureOf("cancelled").kind, FailureClass::Bug);
}

TEST_F(FaultyPlugin, ItsOwnVerdictsKeepTheirClassTextAndDelay) {
  EXPECT_EQ(failureOf("reject"),
            (Failure{FailureClass::Rejected, "line 3 is wrong", "the whole story", {}}));
  EXPECT_EQ(failureOf("retry"), (Failure{FailureClass::Infra, "the index is away", "",
                                         std::chrono::milliseconds(1500)}));
}

TEST_F(FaultyPlugin, TheReasonOfARefusingHostIsTold) {
  EXPECT_THAT(failureOf("missing-blob").message, HasSubstr("There is no blob sha256:000"));
}

TEST_F(FaultyPlugin, SecretsAreGrantedByNameAndMasked) {
  EXPECT_EQ(failureOf("secret").kind, FailureClass::Config);
  services.secrets = {{"token", "hunter2"}, {"password", "hunter3"}};
  EXPECT_FALSE(plan("secret").failure);
  EXPECT_THAT(services.logs, ElementsAre("the token is ***"));
  EXPECT_EQ(failureOf("other-secret").kind, FailureClass::Config) << "not in its manifest";
}

TEST_F(FaultyPlugin, ProgramsRunThroughTheHost) {
  EXPECT_FALSE(plan("exec").failure);
  EXPECT_EQ(host->programs.ran.size(), 1u);
  EXPECT_THAT(services.logs, ElementsAre("succeeded"));
  EXPECT_THAT(failureOf("other-exec").message, HasSubstr("may not start /bin/true"))
      << "its manifest names true";
  EXPECT_EQ(host->programs.ran.size(), 1u);
}

TEST_F(FaultyPlugin, AStoppedCallIsInterruptedAndHasTheClassOfItsReason) {
  const auto stoppedBy = [&](StopReason reason) {
    StageCall stopped(services);
    std::jthread stopper;
    services.onProgress = [&] { stopper = std::jthread([&] { stopped.stop(reason); }); };
    auto planner = plugins.planner("test.faulty", "q", R"({"how":"wait"})");
    return (*planner)->plan(input, stopped).failure->kind;
  };
  EXPECT_EQ(stoppedBy(StopReason::User), FailureClass::Cancelled);
  EXPECT_EQ(stoppedBy(StopReason::Deadline), FailureClass::Timeout);
}

TEST_F(FaultyPlugin, TheResultOfALostLeaseIsRefused) {
  call.stop(StopReason::LeaseLost);
  EXPECT_EQ(failureOf("plan").kind, FailureClass::Cancelled);
}

TEST_F(FaultyPlugin, WhatOurOwnServicesThrowReachesTheCaller) {
  services.onProgress = [] { throw std::runtime_error("Postgres is away"); };
  auto builder = plugins.builder("test.faulty", "q", "{}");
  EXPECT_THROW((*builder)->build({}, call), std::runtime_error);
}

TEST_F(FaultyPlugin, ABuilderNamesBlobsAsOutputs) {
  auto builder = plugins.builder("test.faulty", "q", "{}");
  StageJob job;
  job.workdir = "/work";
  const auto outcome = (*builder)->build(job, call);
  ASSERT_EQ(outcome.outputs.size(), 1u);
  EXPECT_EQ(outcome.outputs[0].name, "a.txt");
  EXPECT_THAT(services.notes, ElementsAre("/work"));
  auto bad = plugins.builder("test.faulty", "q", R"({"how":"bad-output"})");
  EXPECT_EQ((*bad)->build(job, call).failure->kind, FailureClass::Bug);
}

TEST_F(FaultyPlugin, ASourceReportsItemsAndCursor) {
  auto source = plugins.source("test.faulty", "q", "{}");
  const auto poll = (*source)->poll("7", call);
  ASSERT_EQ(poll.items.size(), 1u);
  EXPECT_EQ(poll.items[0].path, "/drop/a.txt");
  EXPECT_EQ(poll.items[0].attributesJson, R"({"mode":"0644"})");
  EXPECT_EQ(poll.text, "7+");
  EXPECT_EQ(poll.next, std::chrono::milliseconds(250));
  EXPECT_EQ((*source)->fd(), -1);
}

TEST_F(FaultyPlugin, WrongSettingsAreRefusedBeforeAndInCreate) {
  EXPECT_THAT(plugins.planner("test.faulty", "q", R"({"who":1})").error().message,
              HasSubstr("/who"));
  const auto config = plugins.planner("test.faulty", "q", R"({"create":"config"})");
  EXPECT_EQ(config.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(config.error().message, "the setting is impossible");
  EXPECT_EQ(plugins.planner("test.faulty", "q", R"({"create":"throw"})").error().kind,
            ErrorKind::Failed);
}

TEST(Plugins, RunFromAReadOnlyCopySoThatTheOriginalMayBeReplaced) {
  const TempFolder folder;
  const fs::path drop = folder.path() / "plugins";
  fs::create_directory(drop);
  fs::copy(BINARY_DIR "/plugins/noop_planner.so", drop / "a.so");
  fs::copy(BINARY_DIR "/plugins/noop_planner.so", drop / "b.so");
  replaceFile(drop / "c.so", "not a library");
  ScriptedPrograms programs;
  const Plugins plugins({{drop, "/nowhere"}, folder.path() / "store", {}}, programs);
  ASSERT_EQ(plugins.all().size(), 3u);
  EXPECT_EQ(plugins.all()[0].error, "");
  EXPECT_THAT(plugins.all()[1].error, HasSubstr("found before"));
  EXPECT_EQ(plugins.all()[2].error, "not an ELF file");
  const auto digest = Digest::parse(plugins.all()[0].digest);
  const fs::path copy = folder.path() / "store" / digest->hex() / "planwright.noop-planner.so";
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms(0444));

  fs::resize_file(drop / "a.so", 0);  // would be a SIGBUS, were it the loaded one
  auto planner = plugins.planner("planwright.noop-planner", "q", R"({"jobs":2})");
  FakeServices services;
  StageCall call(services);
  EXPECT_EQ((*planner)->plan({}, call).text,
            R"({"jobs":[{"id":"job-0"},{"id":"job-1"}],"summary":{}})");
}

TEST(Plugins, AFolderThatOthersMayWriteIsNotTrusted) {
  const TempFolder folder;
  const fs::path drop = folder.path() / "plugins";
  fs::create_directory(drop);
  fs::copy(BINARY_DIR "/plugins/noop_planner.so", drop / "a.so");
  fs::permissions(drop, fs::perms(0777));
  ScriptedPrograms programs;
  const Plugins plugins({{drop}, folder.path() / "store", {}}, programs);
  EXPECT_THAT(plugins.all().at(0).error, HasSubstr("can be written by others"));
}

TEST(Plugins, ThatComeWithTheProgramRunWhereTheyPrefer) {
  using Isolation = StageRoom::Isolation;
  const TempFolder folder;
  ScriptedPrograms programs;
  const Plugins plugins({{BINARY_DIR "/plugins"}, folder.path() / "store", {}}, programs);
  EXPECT_EQ(*plugins.isolation("planwright.folder", Isolation::Auto), Isolation::Inproc);
  EXPECT_EQ(*plugins.isolation("planwright.folder", Isolation::Process), Isolation::Process);
  EXPECT_EQ(*plugins.isolation("planwright.git", Isolation::Auto), Isolation::Process);
  EXPECT_EQ(*plugins.isolation("planwright.git", Isolation::Inproc), Isolation::Inproc);
}

}  // namespace
}  // namespace planwright::stages_registry_test
