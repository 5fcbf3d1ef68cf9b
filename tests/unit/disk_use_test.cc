#include "programs/disk_use.h"

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "support/temp_folder.h"

namespace planwright::disk_use_test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

void fill(int folder, const char* name, std::size_t bytes) {
  const UniqueFd fd(::openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  writeAll(fd.get(), std::string(bytes, 'x'));
}

std::uint64_t use(const TempFolder& folder) {
  return diskUse({folder.path().string()}).value_or(0);
}

TEST(DiskUse, AnEmptyFileCountsToo) {
  TempFolder folder;
  for (int i = 0; i < 1000; ++i) replaceFile(folder / std::to_string(i), "");
  EXPECT_GE(use(folder), 1000U * 4096);
}

TEST(DiskUse, WhatHasSeveralNamesCountsOnce) {
  TempFolder folder;
  replaceFile(folder / "a", std::string(kMiB, 'x'));
  const std::uint64_t one = use(folder);
  for (const char* name : {"b", "c", "d"})
    std::filesystem::create_hard_link(folder / "a", folder / name);
  EXPECT_EQ(use(folder), one);
}

TEST(DiskUse, NoPathIsTooLong) {
  TempFolder folder;
  const std::string name(200, 'd');
  UniqueFd at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0700), 0);
    at.reset(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (i % 100 == 0) fill(at.get(), "beside", kMiB);
  }
  fill(at.get(), "deep", kMiB);
  EXPECT_GE(use(folder), 5 * kMiB);
  EXPECT_LT(use(folder), 8 * kMiB);
}

TEST(DiskUse, AFolderThatItsOwnerMadeUnreadableIsReadAndStaysSo) {
  TempFolder folder;
  const auto closed = folder / "closed";
  std::filesystem::create_directory(closed);
  replaceFile(closed / "file", std::string(kMiB, 'x'));
  ASSERT_EQ(::chmod(closed.c_str(), 0300), 0);
  EXPECT_GE(use(folder), kMiB);
  struct stat info {};
  ASSERT_EQ(::stat(closed.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0300U);
  ::chmod(closed.c_str(), 0700);
}

TEST(DiskUse, FollowsNoLinkAndAFolderThatIsGoneIsEmpty) {
  TempFolder folder;
  std::filesystem::create_symlink("/usr", folder / "link");
  std::filesystem::create_directory_symlink("..", folder / "up");
  EXPECT_LT(use(folder), kMiB);
  EXPECT_EQ(diskUse({(folder / "none").string()}), 0U);
}

TEST(DiskUse, AFileWithoutANameCountsWhileItIsOpen) {
  TempFolder folder;
  const std::vector<std::string> folders{folder.path().string()};
  UniqueFd open(::open((folder / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  writeAll(open.get(), std::string(kMiB, 'x'));
  const auto all = processesByUser();
  EXPECT_EQ(unlinkedUse(folders, 0, all), 0U);
  ::unlink((folder / "file").c_str());
  const UniqueFd copy(::dup(open.get()));
  const std::uint64_t use = unlinkedUse(folders, 0, all);
  EXPECT_GE(use, kMiB);
  EXPECT_LT(use, 2 * kMiB) << "two descriptors of one file";
  EXPECT_EQ(unlinkedUse({folder.path().string() + "2"}, 0, all), 0U);
}

}  // namespace
}  // namespace planwright::disk_use_test
