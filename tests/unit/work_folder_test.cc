#include "building/work_folder.h"

#include <filesystem>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/folder_owner.h"
#include "support/intake_fakes.h"
#include "support/temp_folder.h"

namespace planwright::work_folder_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Blobs in front of which something happens each time that one is stored.
class WatchedBlobs final : public BlobStore {
 public:
  WatchedBlobs(const fs::path& root, std::function<void()> onStage)
      : blobs_(root),
        onStage_(std::move(onStage)) {}
  using BlobStore::stage;
  Result<StagedBlob> stage(int fd, std::int64_t limit, const ReadCheck& check) override {
    auto staged = blobs_.stage(fd, limit, check);
    if (onStage_) onStage_();
    return staged;
  }
  StagedBlob stageBytes(std::string_view bytes) override { return blobs_.stageBytes(bytes); }
  Result<UniqueFd> open(const Digest& digest) override { return blobs_.open(digest); }
  std::string read(const StagedBlob& blob) { return blobs_.read(blob); }

 private:
  FolderOnlyBlobs blobs_;
  const std::function<void()> onStage_;
};

struct WorkFolders : testing::Test {
  WorkFolders() {
    fs::create_directory(outside);
    folder.write("outside/secret", "only the host may read this");
    fs::create_directory(work / "out");
  }

  TempFolder folder;
  const fs::path outside = folder / "outside", work = folder / "work";
  WorkFolder filled{work};
};

/// The process of a builder of others lives on when its job is over.
TEST_F(WorkFolders, ABuilderThatSwapsAFolderForALinkWhileOutputsAreTakenLeadsNowhere) {
  folder.write("work/a", "mine");
  folder.write("work/out/secret", "mine");
  WatchedBlobs blobs(folder / "blobs", [this] {
    fs::rename(work / "out", work / "kept");
    fs::create_directory_symlink(outside, work / "out");
  });
  const auto collected = filled.collect({"a", "out/*"}, blobs);
  ASSERT_FALSE(collected);
  EXPECT_THAT(collected.error().message, HasSubstr("out/secret is not a regular file"));
}

TEST_F(WorkFolders, ABuilderThatSwapsAFileForALinkWhileOutputsAreTakenLeadsNowhere) {
  folder.write("work/a", "mine");
  folder.write("work/out/secret", "mine");
  WatchedBlobs blobs(folder / "blobs", [this] {
    fs::remove(work / "out/secret");
    fs::create_symlink(outside / "secret", work / "out/secret");
  });
  EXPECT_FALSE(filled.collect({"a", "out/*"}, blobs));
}

/// What it swaps for something else of its own is its own business.
TEST_F(WorkFolders, WhatIsSwappedForOtherFilesIsTakenAsItIsThen) {
  folder.write("work/a", "mine");
  folder.write("work/out/b", "before");
  WatchedBlobs blobs(folder / "blobs", [this] {
    folder.write("work/next", "after");
    fs::rename(work / "next", work / "out/b");
  });
  const auto collected = filled.collect({"a", "out/*"}, blobs);
  ASSERT_TRUE(collected) << collected.error().message;
  EXPECT_EQ(blobs.read(collected->blobs.at(1)), "after");
}

TEST_F(WorkFolders, ASecondNameOfAFileOfTheHostIsNoOutputOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives folders away";
  constexpr uid_t kUser = 61'234;
  WatchedBlobs blobs(folder / "blobs", {});
  folder.write("work/a", "mine");
  fs::create_hard_link(work / "a", work / "b");
  EXPECT_TRUE(filled.collect({"*"}, blobs)) << "who has the host's user may link its own";
  giveFolder(work, kUser, kUser);  // what has two names stays whose it is
  fs::remove(work / "b");
  giveFolder(work, kUser, kUser);
  fs::create_hard_link(work / "a", work / "b");
  takeFolderBack(work);
  EXPECT_TRUE(filled.collect({"*"}, blobs)) << "and so may another user";
  fs::create_hard_link(outside / "secret", work / "c");
  const auto collected = filled.collect({"*"}, blobs);
  ASSERT_FALSE(collected);
  EXPECT_THAT(collected.error().message, HasSubstr("c is a link to a file of somebody else"));
  ASSERT_TRUE(filled.clear());
  EXPECT_EQ(lastUserOf(work), 0U) << "for the next job";
}

}  // namespace
}  // namespace planwright::work_folder_test
