#include "building/remote_engine.h"

#include <fstream>
#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/line_fixture.h"

namespace planwright::remote_engine_test {
namespace {

using std::chrono::seconds;

class RemoteEngineTest : public LineFixture {
 protected:
  RemoteEngineTest() {
    const auto place = folder / "engines";
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(BINARY_DIR "/tests/plugins/engine.so", place / "engine.so");
    std::filesystem::create_directories(engine);
    plugins = std::make_unique<Plugins>(
        PluginOptions{{BINARY_DIR "/plugins", place}, folder / "plugins", folder / "stage-work"},
        programs);
    queue.builder.plugin = "test.engine";
    queue.builder.isolation = "inproc";
    queue.builder.settingsJson = fmt::format(R"({{"folder":"{}"}})", engine.string());
  }

  /// A job at the engine that nobody wants any more.
  void leave(int job) {
    connection->runText(fmt::format(
        "insert into builds (id, plan_id, queue, fence) values ({0}, {0}, 'default', 1);"
        "insert into jobs (id, build_id, plan_id, name, position, status)"
        "  values ({0}, {0}, {0}, 'job', 0, 'cancelled');"
        "insert into remote_jobs (job_id, queue, plugin, token, folder)"
        "  values ({0}, 'default', 'test.engine', 'token-{0}', '/none')",
        job));
  }
  int notes(const char* what) const {
    std::ifstream in(engine / what);
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
  }

  const std::filesystem::path engine = folder / "engine";
};

TEST_F(RemoteEngineTest, NobodyElseWaitsWhileOneStarts) {
  std::ofstream(engine / "slow") << "";
  RemoteEngines engines(*host, liveQueue());
  const auto generation = liveQueue().now();
  auto first = std::async(std::launch::async, [&] { return engines.of(generation); });
  auto second = std::async(std::launch::async, [&] { return engines.of(generation); });
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(engine / "starts"); }));

  auto watch = std::async(std::launch::async, [&] {
    engines.refresh();
    engines.checkLimits(clock.steady());
    engines.refresh();
  });
  EXPECT_EQ(watch.wait_for(seconds(5)), std::future_status::ready);
  EXPECT_EQ(first.wait_for(seconds(0)), std::future_status::timeout);

  std::filesystem::remove(engine / "slow");
  const auto one = first.get(), other = second.get();
  ASSERT_TRUE(one) << one.error().message;
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(one->get(), other->get()) << "one instance for a generation";
}

TEST_F(RemoteEngineTest, KeepsTheOneOfTheGenerationInForce) {
  RemoteEngines engines(*host, liveQueue());
  engines.refresh();
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(engine / "starts"); }));
  const auto engineOf = [&] { return engines.of(liveQueue().now()); };
  ASSERT_TRUE(engineOf());
  ASSERT_TRUE(engineOf());
  EXPECT_EQ(notes("starts"), 1);
}

TEST_F(RemoteEngineTest, EndsAlthoughMuchIsToBeWithdrawn) {
  std::ofstream(engine / "patient") << "";
  for (int job = 1; job <= 5; ++job) leave(job);
  auto made = RemoteEngine::create(*host, liveQueue(), liveQueue().now());
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(eventually([&] { return notes("asked") == 1; }));
  auto end = std::async(std::launch::async, [&] { made->reset(); });
  EXPECT_EQ(end.wait_for(seconds(10)), std::future_status::ready);
  std::filesystem::remove(engine / "patient");
  end.get();
}

}  // namespace
}  // namespace planwright::remote_engine_test
