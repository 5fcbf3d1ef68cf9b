// What happens when the system gives no thread for a while.
#include <atomic>
#include <system_error>

#include <gtest/gtest.h>

#include "building/build_stage.h"
#include "building/remote_engine.h"
#include "planning/plan_stage.h"
#include "support/fake_clock.h"
#include "support/line_fixture.h"
#include "support/no_threads.h"
#include "support/planned.h"

namespace planwright::thread_start_test {
namespace {

using ThreadStart = LineFixture;

// It took a place for ever, and the end of the stage waited for it.
TEST_F(ThreadStart, OneOfThePlanStageIsStartedLater) {
  PlanStage stage(*host, liveQueue(), nullptr, 0);
  {
    const NoThreads none;
    EXPECT_THROW(stage.resize(1), std::system_error);
  }
  stage.resize(1);
  record(*recorder(), "one.txt", "content");
  EXPECT_TRUE(becomes("select status from pending_inputs", "planned"));
}

// It took a place for ever, without working.
TEST_F(ThreadStart, OneOfTheBuildStageIsStartedLater) {
  std::atomic<int> running{0};
  ScriptedPrograms pair([&](const ProgramSpec&) {
    ++running;
    return ProgramExit{.code = eventually([&] { return running == 2; }) ? 0 : 1};
  });
  queue.builder.plugin = "planwright.command";
  queue.builder.settingsJson = R"({"sandbox":"none"})";
  plugins = std::make_unique<Plugins>(
      PluginOptions{{BINARY_DIR "/plugins"}, folder / "plugins", folder / "stage-work"}, pair);
  BuildStage stage(*host, liveQueue(), 2, 1);
  {
    const NoThreads none;
    EXPECT_THROW(stage.resize(2, 2), std::system_error);
  }
  stage.resize(2, 2);
  const std::string document =
      R"({"jobs":[{"id":"a","spec":{"command":["x"]}},{"id":"b","spec":{"command":["x"]}}]})";
  const auto input = record(*recorder(), "two", document);
  const auto plan = planInput(*connection, InstanceId{membership.instance()}, input, document);
  connection->run("enqueue_plans", {"{" + std::to_string(plan) + "}", false, "test", "all", true});
  tickets()->push("build_queue", {plan});
  EXPECT_TRUE(becomes("select status from plans", "built")) << "both run at once";
}

// It counted as being started for ever.
TEST_F(ThreadStart, ThatOfARemoteBuilderIsAskedForAgain) {
  const auto place = folder / "engines", engine = folder / "engine";
  std::filesystem::create_directories(place);
  std::filesystem::create_directories(engine);
  std::filesystem::copy_file(BINARY_DIR "/tests/plugins/engine.so", place / "engine.so");
  plugins = std::make_unique<Plugins>(
      PluginOptions{{BINARY_DIR "/plugins", place}, folder / "plugins", folder / "stage-work"},
      programs);
  queue.builder.plugin = "test.engine";
  queue.builder.isolation = "inproc";
  queue.builder.settingsJson = R"({"folder":")" + engine.string() + R"("})";
  FakeClock time;
  const Host timed{liveConfig,
                   *database,
                   [this] { return tickets(); },
                   *blobs,
                   bell,
                   membership,
                   metrics,
                   time,
                   *logs,
                   folder / "work",
                   folder / "remote",
                   folder / "sources"};
  RemoteEngines engines(timed, liveQueue());
  {
    const NoThreads none;
    engines.refresh();
  }
  engines.refresh();
  EXPECT_FALSE(std::filesystem::exists(engine / "starts")) << "not at once";
  time.advance(std::chrono::seconds(5));
  engines.refresh();
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(engine / "starts"); }));
}

}  // namespace
}  // namespace planwright::thread_start_test
