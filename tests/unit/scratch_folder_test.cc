#include "base/scratch_folder.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.h"

namespace planwright::scratch_folder_test {
namespace {

namespace fs = std::filesystem;

struct ScratchFolderTest : testing::Test {
  static void write(const fs::path& path) { std::ofstream(path) << "x"; }
  TempFolder temp;
};

TEST_F(ScratchFolderTest, IsEmptiedForTheNextProgram) {
  auto folder = ScratchFolder::at(temp / "work", 0755);
  fs::create_directories(folder.path() / "locked/deeper");
  write(folder.path() / "locked/deeper/file");
  ::chmod((folder.path() / "locked").c_str(), 0);
  ::chmod(folder.path().c_str(), 0500);
  EXPECT_TRUE(folder.clear());
  EXPECT_TRUE(fs::is_empty(folder.path()));
  struct stat now {};
  ::stat(folder.path().c_str(), &now);
  EXPECT_EQ(now.st_mode & 0777, 0755u) << "the next program finds it as the first one did";
}

TEST_F(ScratchFolderTest, IsNotFollowedWhenAProgramPutALinkInItsPlace) {
  fs::create_directory(temp / "precious");
  write(temp / "precious/file");
  {
    auto folder = ScratchFolder::at(temp / "work", 0755);
    fs::remove(folder.path());
    fs::create_directory_symlink(temp / "precious", folder.path());
    EXPECT_FALSE(folder.clear());
  }
  EXPECT_TRUE(fs::exists(temp / "precious/file"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(temp / "work"))) << "the link itself is removed";
}

TEST_F(ScratchFolderTest, GoesWithAllItHolds) {
  fs::path path;
  {
    auto folder = ScratchFolder::below(temp / "");
    path = folder.path();
    write(path / "file");
    auto moved = std::move(folder);
    EXPECT_EQ(moved.path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace planwright::scratch_folder_test
