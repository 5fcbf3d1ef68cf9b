#include "stages/stored_plugin.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planwright/plugin.h"

#include "base/files.h"
#include "stages/inproc_instance.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

namespace planwright::stored_plugin_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Plugins of tests/plugins in this process, and what is left of them after their last instance.
class StoredPluginTest : public testing::Test {
 protected:
  StoredPlugin stored(const std::string& name) {
    const std::filesystem::path built = BINARY_DIR "/tests/plugins/" + name + ".so";
    const std::string bytes = readFile(built, kPluginFileBytes);
    const auto copy = folder.path() / built.filename();
    replaceFile(copy, bytes, 0444);
    auto manifest = ManifestReader().parse(*manifestSection(bytes));
    return {*manifest, Digest::of(bytes).text(), copy, programs, folder.path() / "work", nullptr,
            bytes};
  }

  std::unique_ptr<StageInstance> planner(StoredPlugin& plugin, const std::string& settings = "{}") {
    auto library = plugin.library();
    EXPECT_TRUE(library) << library.error().message;

    auto made = InprocInstance::create(std::move(*library), PW_PLANNER, "q", settings);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }

  StageOutcome plan(StageInstance& planner) { return planner.plan(input, call); }

  bool isMapped(const StoredPlugin& plugin) { return isMapped(plugin.file); }
  bool isMapped(const std::filesystem::path& file) {
    return readFile("/proc/self/maps", 1 << 20).find(file.string()) != std::string::npos;
  }

  TempFolder folder;
  ScriptedPrograms programs;
  FakeServices services;
  StageCall call{services};
  StageInput input{"1", "a.txt", "", "text/plain", "{}", "hello", 5, true, 1};
};

TEST_F(StoredPluginTest, WhatPromisesSoIsUnloadedAfterItsLastInstance) {
  auto plugin = stored("misfit");
  EXPECT_FALSE(plugin.isInMemory());
  auto first = planner(plugin, R"({"how":"nothing"})");
  auto second = planner(plugin, R"({"how":"nothing"})");
  EXPECT_FALSE(plan(*first).failure);
  first.reset();
  EXPECT_TRUE(isMapped(plugin));
  second.reset();
  EXPECT_FALSE(isMapped(plugin));
  EXPECT_FALSE(plugin.isInMemory());
  EXPECT_FALSE(plugin.isParked());
  EXPECT_FALSE(plan(*planner(plugin, R"({"how":"nothing"})")).failure) << "it comes back";
}

TEST_F(StoredPluginTest, OthersAreParked) {
  auto plugin = stored("faulty");
  ASSERT_TRUE(plugin.load());
  EXPECT_FALSE(plugin.isParked()) << "it never ran";
  auto one = planner(plugin, R"({"how":"plan"})");
  EXPECT_FALSE(plugin.isParked());
  one.reset();
  EXPECT_TRUE(isMapped(plugin));
  EXPECT_TRUE(plugin.isParked());
}

TEST_F(StoredPluginTest, ItsCodeGoesWithTheLastThatHasIt) {
  auto plugin = std::make_unique<StoredPlugin>(stored("faulty"));
  const auto file = plugin->file;
  auto one = planner(*plugin, R"({"how":"plan"})");
  plugin.reset();
  EXPECT_FALSE(plan(*one).failure);
  one.reset();
  EXPECT_FALSE(isMapped(file));
}

TEST_F(StoredPluginTest, WhatIsLinkedToStayIsParked) {
  auto plugin = stored("pinned");
  planner(plugin);
  EXPECT_TRUE(plugin.isParked());
}

TEST_F(StoredPluginTest, WhatSaysThatItGoesButStaysIsCounted) {
  auto plugin = stored("holds_on");
  std::jthread([&] {
    auto one = planner(plugin);
    EXPECT_FALSE(plan(*one).failure);
    one.reset();
    EXPECT_TRUE(isMapped(plugin)) << "the destructor of this thread needs it";
    EXPECT_TRUE(plugin.isParked());
  }).join();
  planner(plugin).reset();
  EXPECT_FALSE(isMapped(plugin)) << "without the thread it can go";
  EXPECT_FALSE(plugin.isParked());
}

TEST_F(StoredPluginTest, ThreadsThatComeAndGoFindItWhole) {
  auto plugin = stored("misfit");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        FakeServices mine;
        StageCall own{mine};
        EXPECT_FALSE(planner(plugin, R"({"how":"nothing"})")->plan(input, own).failure);
      }
    });
  threads.clear();
  EXPECT_FALSE(isMapped(plugin));
}

TEST_F(StoredPluginTest, SaysWhatKeepsOtherVersionsAway) {
  EXPECT_THAT(stored("misfit").residence.whyAlone, IsEmpty());
  EXPECT_THAT(stored("pinned").residence.whyAlone, HasSubstr("exports _Z"));
  EXPECT_THAT(stored("versions/next_alone").residence.whyAlone,
              HasSubstr(R"("reload": "process")"));
}

}  // namespace
}  // namespace planwright::stored_plugin_test
