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
  std::ifstream in(engine / "starts");
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(in), {}, '\n'), 1);
}

}  // namespace
}  // namespace planwright::remote_engine_test
