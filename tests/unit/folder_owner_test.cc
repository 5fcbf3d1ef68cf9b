#include "base/folder_owner.h"

#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_folder.h"

namespace planwright::folder_owner_test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kUser = 61'234;  // nobody's

class FolderOwner : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
    fs::create_directories(folder_ / "given/inner");
    fs::create_directories(folder_ / "outside");
    folder_.write("given/inner/file", "x");
    folder_.write("outside/file", "x");
  }
  uid_t owner(const char* name) const { return ownerOf(folder_ / name); }

  TempFolder folder_;
};

TEST_F(FolderOwner, GivesAllThatIsInItAndTakesBackTheFolderClosed) {
  const fs::path given = folder_ / "given";
  giveFolder(given, kUser, kUser);
  for (const char* name : {"given", "given/inner", "given/inner/file"})
    EXPECT_EQ(owner(name), kUser) << name;
  fs::permissions(given, static_cast<fs::perms>(0777));  // by its user
  takeFolderBack(given);
  struct stat info {};
  ASSERT_EQ(::stat(given.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, ::geteuid());
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

/// What is watched in a source's own folder would never be quiet.
TEST_F(FolderOwner, TheSameUserAgainTouchesNothingThatIsIts) {
  const auto changed = [this](const char* name) {
    struct stat info {};
    EXPECT_EQ(::stat((folder_ / name).c_str(), &info), 0);
    return info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec;
  };
  EXPECT_EQ(lastUserOf(folder_ / "given"), 0U);
  giveFolder(folder_ / "given", kUser, kUser);
  const auto file = changed("given/inner/file"), inner = changed("given/inner");
  takeFolderBack(folder_ / "given");
  EXPECT_EQ(lastUserOf(folder_ / "given"), kUser);
  ::usleep(20'000);  // two ticks of the file system's clock
  folder_.write("given/new", "x");
  giveFolder(folder_ / "given", kUser, kUser);
  EXPECT_EQ(changed("given/inner/file"), file);
  EXPECT_EQ(changed("given/inner"), inner);
  EXPECT_EQ(owner("given/new"), kUser);
  giveFolder(folder_ / "given", kUser + 1, kUser + 1);
  EXPECT_EQ(owner("given/inner/file"), kUser + 1);
}

TEST_F(FolderOwner, WhatIsElsewhereStaysWhoseItIs) {
  fs::create_directory_symlink(folder_ / "outside", folder_ / "given/link");
  fs::create_hard_link(folder_ / "outside/file", folder_ / "given/second");
  giveFolder(folder_ / "given", kUser, kUser);
  EXPECT_EQ(owner("outside"), ::geteuid());
  EXPECT_EQ(owner("outside/file"), ::geteuid());
  giveFolder(folder_ / "given/link", kUser, kUser);
  EXPECT_EQ(owner("outside"), ::geteuid()) << "through a link in the folder's place";
}

/// As somebody who is in the folder still would do it.
TEST_F(FolderOwner, AFolderThatTakesTurnsWithALinkLeadsNowhere) {
  const std::string inner = folder_ / "given/inner", link = folder_ / "given/link";
  fs::create_directory_symlink(folder_ / "outside", link);
  std::jthread flips([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      ::renameat2(AT_FDCWD, inner.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 3000; ++i) giveFolder(folder_ / "given", kUser, kUser);
  flips = {};
  EXPECT_EQ(owner("outside/file"), ::geteuid());
}

}  // namespace
}  // namespace planwright::folder_owner_test
