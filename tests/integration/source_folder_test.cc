#include <algorithm>
#include <chrono>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "support/folder_plugin.h"

namespace planwright::source_folder_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsSupersetOf;
using Names = std::set<std::string>;

/// planwright.folder as the host sees it.
struct SourceFolder : testing::Test {
  void open(const std::string& settings = {}) {
    source.reset();
    source = plugins.folderSource(in, settings);
  }
  StageOutcome pollOnce() {
    StageCall call(services);
    StageOutcome out = source->poll("", call);
    failure = out.failure ? out.failure->message : "";
    return out;
  }
  /// Polls until nothing is due at once; all names it reported.
  Names pollAll() {
    Names names;
    for (;;) {
      const StageOutcome found = pollOnce();
      for (const SourceItem& item : found.items) {
        EXPECT_EQ(item.path, (in / item.name).string());
        names.insert(item.name);
      }
      if (found.next.count() > 0 && !isReadable()) return names;
    }
  }
  bool isReadable() {
    struct pollfd ready {
      source->fd(), POLLIN, 0
    };
    return ready.fd >= 0 && ::poll(&ready, 1, 0) > 0;
  }
  void write(const std::string& name) { folder.write("in/" + name, "x"); }

  BundledPlugins plugins;
  TempFolder folder;
  const fs::path in = folder / "in";
  bool made = fs::create_directory(in);
  FakeServices services;
  std::unique_ptr<StageInstance> source;
  std::string failure;
};

TEST_F(SourceFolder, ReportsWhatIsThereAndThenWhatComes) {
  write("old.txt");
  open();
  EXPECT_EQ(pollAll(), Names{"old.txt"});
  EXPECT_FALSE(isReadable());
  write("new.txt");
  fs::create_symlink("old.txt", in / "link");
  fs::create_hard_link(in / "old.txt", in / "hard");
  write(".hidden");
  folder.write("moved", "x");
  fs::rename(folder / "moved", in / "moved");
  EXPECT_TRUE(isReadable());
  EXPECT_EQ(pollAll(), (Names{"new.txt", "link", "hard", "moved"}));
  EXPECT_GT(pollOnce().next, std::chrono::seconds(50)) << "idle until the next rescan";
}

TEST_F(SourceFolder, LeavesSubfoldersAloneUnlessToldOtherwise) {
  fs::create_directory(in / "sub");
  write("sub/a");
  open();
  EXPECT_EQ(pollAll(), Names{});
  write("sub/b");
  EXPECT_EQ(pollAll(), Names{});
}

TEST_F(SourceFolder, FollowsFoldersThatAppearAreRenamedAndGo) {
  fs::create_directories(in / "a/b");
  write("a/b/1");
  open(R"("recursive":true)");
  EXPECT_EQ(pollAll(), Names{"a/b/1"});
  fs::create_directories(in / "c/d");
  write("c/d/2");
  write("a/b/3");
  EXPECT_EQ(pollAll(), (Names{"c/d/2", "a/b/3"}));
  fs::rename(in / "a", in / "z");
  EXPECT_EQ(pollAll(), (Names{"z/b/1", "z/b/3"}));
  write("z/b/4");
  write("c/d/5");
  EXPECT_EQ(pollAll(), (Names{"z/b/4", "c/d/5"}));
  fs::remove_all(in / "c");
  pollAll();
  fs::create_directory(folder / "outside");
  folder.write("outside/6", "x");
  fs::rename(folder / "outside", in / "c");
  EXPECT_EQ(pollAll(), Names{"c/6"});
}

TEST_F(SourceFolder, WaitsForAFolderThatIsGoneAndSaysSo) {
  open();
  pollAll();
  fs::remove_all(in);
  ASSERT_TRUE(isReadable());
  pollAll();
  EXPECT_THAT(failure, HasSubstr("cannot be read: No such file or directory"));
  pollOnce();
  fs::create_directory(in);
  write("a");
  EXPECT_EQ(pollAll(), Names{"a"});
  EXPECT_EQ(failure, "");
  write("b");
  EXPECT_EQ(pollAll(), Names{"b"});
}

TEST_F(SourceFolder, NoticesThatAnotherFolderTookItsPlace) {
  open();
  pollAll();
  fs::rename(in, folder / "away");
  fs::create_directory(in);
  write("a");
  EXPECT_EQ(pollAll(), Names{"a"});
  folder.write("away/not-ours", "x");
  write("b");
  EXPECT_EQ(pollAll(), Names{"b"});
}

TEST_F(SourceFolder, ListsManyFilesInSlices) {
  for (int i = 0; i < 2500; ++i) write(std::to_string(i));
  open();
  EXPECT_EQ(pollOnce().items.size(), 1000u);
  EXPECT_EQ(pollAll().size(), 1500u);
}

TEST_F(SourceFolder, PollsWithoutInotifyWhenTold) {
  open(R"("watch":"poll","poll_every":"10ms")");
  EXPECT_EQ(source->fd(), -1);
  pollAll();
  write("a");
  EXPECT_LE(pollOnce().next, std::chrono::milliseconds(10));
  ::usleep(10'000);
  EXPECT_EQ(pollAll(), Names{"a"});
}

TEST_F(SourceFolder, TellsOfNamesThatAreNotUtf8) {
  write("bad\xff");
  open();
  EXPECT_EQ(pollAll(), Names{});
  EXPECT_EQ(services.events.at(0),
            R"(refused {"name":"bad\\xff","reason":"its name is not UTF-8; rename it"})");
}

/// As Kubernetes mounts a ConfigMap: files are links through ..data, which is swapped by a rename.
TEST_F(SourceFolder, SeesFilesThatLeadThroughAHiddenLinkWhenThatIsSwapped) {
  const auto version = [&](const std::string& name) {
    fs::create_directory(in / name);
    write(name + "/a.yaml");
    fs::create_directory_symlink(name, in / "..data_tmp");
    fs::rename(in / "..data_tmp", in / "..data");
  };
  version("..v1");
  fs::create_symlink("..data/a.yaml", in / "a.yaml");
  open();
  EXPECT_EQ(pollAll(), Names{"a.yaml"});
  EXPECT_FALSE(isReadable());
  version("..v2");
  EXPECT_TRUE(isReadable());
  EXPECT_EQ(pollAll(), Names{"a.yaml"});
}

TEST_F(SourceFolder, SeesFilesThatLeadThroughAHiddenFolderWhenThatIsSwapped) {
  fs::create_directories(in / ".store");
  write(".store/a");
  fs::create_symlink(".store/a", in / "a");
  open();
  EXPECT_EQ(pollAll(), Names{"a"});
  fs::create_directory(folder / "next");
  folder.write("next/a", "y");
  fs::rename(in / ".store", folder / "before");
  fs::rename(folder / "next", in / ".store");
  EXPECT_EQ(pollAll(), Names{"a"});
  write(".a.swp");
  EXPECT_EQ(pollAll(), Names{}) << "an editor's file is no reason to list all";
}

TEST_F(SourceFolder, RefusesSettingsThatMakeNoSense) {
  EXPECT_THROW(open(R"("poll_every":"soon")"), std::runtime_error);
  EXPECT_THROW(open(R"("watch":"sometimes")"), std::runtime_error);
  EXPECT_THROW(plugins.folderSource("relative/path"), std::runtime_error);
}

}  // namespace
}  // namespace planwright::source_folder_test
