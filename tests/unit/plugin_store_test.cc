#include "stages/plugin_store.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "stages/plugin_lock.h"
#include "support/temp_folder.h"

namespace planwright::plugin_store_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Result<void> agree(const fs::path&) {
  return {};
}

class PluginStoreTest : public testing::Test {
 protected:
  /// The same plugin with other bytes behind it.
  fs::path version(const std::string& tail) {
    fs::path file = folder / ("noop-" + tail + ".so");
    std::ofstream(file, std::ios::binary)
        << readFile(BINARY_DIR "/plugins/noop_planner.so") << tail;
    fs::permissions(file, fs::perms(0644));
    return file;
  }

  TempFolder folder;
  PluginStore store{folder / "store"};
};

TEST_F(PluginStoreTest, KeepsCopiesThatNobodyCanChangeUnderTheirDigest) {
  const auto one = store.install(version("one"), agree);
  ASSERT_TRUE(one) << one.error().message;
  const auto two = store.install(version("two"), agree);
  ASSERT_TRUE(two);
  EXPECT_NE(one->digest, two->digest);
  EXPECT_EQ(fs::status(one->file).permissions(), fs::perms(0444));
  EXPECT_EQ(store.newest("planwright.noop-planner")->digest, two->digest);
  ASSERT_TRUE(store.install(version("one"), agree));
  EXPECT_EQ(store.newest("planwright.noop-planner")->digest, one->digest) << "installed again";
  EXPECT_EQ(store.all().size(), 2U);
  fs::remove(folder / "noop-one.so");
  EXPECT_TRUE(fs::exists(one->file));
}

TEST_F(PluginStoreTest, WhatTheProbeRefusesIsNotKept) {
  const auto refused =
      store.install(version("one"), [](const fs::path&) -> Result<void> { return invalid("no"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_TRUE(store.all().empty());
  for (const auto& entry : fs::directory_iterator(folder / "store"))
    EXPECT_FALSE(entry.is_directory()) << entry.path();
}

TEST_F(PluginStoreTest, WhatOthersCanWriteIsRefused) {
  const fs::path file = version("one");
  fs::permissions(file, fs::perms(0666));
  const auto refused = store.install(file, agree);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Forbidden);
  EXPECT_THAT(refused.error().message, HasSubstr("can be written by others"));
}

TEST_F(PluginStoreTest, WhatIsNoPluginIsRefusedWithTheReason) {
  std::ofstream(folder / "text.so") << "hello";
  EXPECT_FALSE(store.install(folder / "text.so", agree));
  EXPECT_EQ(store.install(folder / "nothing.so", agree).error().kind, ErrorKind::NotFound);
}

TEST_F(PluginStoreTest, WhatAQueueRunsOrMayGoBackToCannotBeRemoved) {
  const auto one = *store.install(version("one"), agree);
  const auto two = *store.install(version("two"), agree);
  const PluginChoice inTheWindow{two.digest, one.digest, "2999-01-01T00:00:00.000Z"};
  store.choose("default", {{one.id, inTheWindow}});
  EXPECT_EQ(PluginStore(folder / "store").choices("default").at(one.id), inTheWindow);
  EXPECT_EQ(store.remove(two.digest).error().kind, ErrorKind::Conflict);
  EXPECT_EQ(store.remove(one.digest).error().kind, ErrorKind::Conflict);
  store.choose("default", {{one.id, {two.digest, one.digest, "2001-01-01T00:00:00.000Z"}}});
  ASSERT_TRUE(store.remove(one.digest));
  EXPECT_FALSE(fs::exists(one.file));
  EXPECT_EQ(store.choices("default").at(one.id).before, std::nullopt);
  EXPECT_EQ(store.remove(one.digest).error().kind, ErrorKind::NotFound);
}

TEST(PluginLock, NamesWhatMayBeLoaded) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto lock = PluginLock::of({{"org.x", "1.0.0", digest, R"({"network":false})", {"token"}}});
  const TempFolder folder;
  replaceFile(folder / "plugins.lock", lock.json());
  const auto read = PluginLock::read(PluginLock::fileBeside(folder / "team.yaml"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->json(), lock.json());
  EXPECT_EQ(read->whyNot("org.x", digest), "");
  EXPECT_THAT(read->whyNot("org.x", "sha256:" + std::string(64, 'b')), HasSubstr("another digest"));
  EXPECT_THAT(read->whyNot("org.y", digest), HasSubstr("does not name org.y"));
  EXPECT_EQ(PluginLock::read(folder / "none").error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace planwright::plugin_store_test
