#include "base/remove_tree.h"

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "support/temp_folder.h"

namespace planwright::remove_tree_test {
namespace {

namespace fs = std::filesystem;

/// Folders in folders, with a file in each hundredth; deeper than a path may be long.
void nest(const fs::path& top, int levels) {
  const std::string name(200, 'd');
  fs::create_directory(top);
  UniqueFd at(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), name.c_str(), 0700), 0);
    at.reset(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (i % 100 == 0) UniqueFd(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  }
}

/// No more descriptors than that are to be had, in this scope.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{most, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(RemoveTree, GoesDeeperThanThereAreDescriptors) {
  TempFolder folder;
  nest(folder / "one", 500);
  nest(folder / "two", 500);
  {
    const FewDescriptors few(200);
    EXPECT_FALSE(removeTree(folder / "one"));
    EXPECT_FALSE(emptyFolder(folder.path()));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(RemoveTree, TakesWhatItsOwnerLocked) {
  TempFolder folder;
  fs::create_directories(folder / "a/b/c");
  replaceFile(folder / "a/b/c/.moved-1", "x");
  fs::create_directories(folder / ".moved-1/x");
  for (const char* locked : {"a/b/c", "a/b", "a", ".moved-1"})
    ::chmod((folder / locked).c_str(), 0);
  EXPECT_FALSE(emptyFolder(folder.path()));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(RemoveTree, FollowsNoLinkAndMissesNothing) {
  TempFolder folder;
  fs::create_directory(folder / "precious");
  replaceFile(folder / "precious/file", "x");
  fs::create_directory(folder / "work");
  fs::create_directory_symlink(folder / "precious", folder / "work/link");
  EXPECT_FALSE(removeTree(folder / "work"));
  EXPECT_FALSE(removeTree(folder / "work")) << "it is gone already";
  EXPECT_TRUE(fs::exists(folder / "precious/file"));
}

}  // namespace
}  // namespace planwright::remove_tree_test
