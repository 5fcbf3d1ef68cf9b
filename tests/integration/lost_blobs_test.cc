// Bytes that the disk, or somebody, changed: they are noticed, told of once, and come back.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "support/eventually.h"
#include "support/line_fixture.h"

namespace planwright::lost_blobs_test {
namespace {

class LostBlobs : public LineFixture {
 protected:
  Digest kept(const std::string& bytes) {
    const auto staged = blobs->stageBytes(bytes);
    Blobs::record(*connection, {staged});
    return staged.digest;
  }
  std::string codeOf(const Digest& digest) {
    const auto opened = blobs->open(digest);
    return opened ? "" : opened.error().code;
  }
  std::string events() {
    return connection
        ->runText(
            "select coalesce(string_agg(type || ' ' || coalesce(body ->> 'what', ''), ', ' "
            "order by id), '') from events where subject like 'blob/%'")
        .text(0, 0);
  }
  void overwrite(const Digest& digest, const std::string& bytes) const {
    const auto path = folderBlobs->pathOf(digest);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    writeAll(fd.get(), bytes);
  }

  const std::string large = std::string(40'000, 'l');
};

TEST_F(LostBlobs, ALargeOneIsToldOfOnceAndComesBackWithTheRightBytes) {
  const auto digest = kept(large);
  overwrite(digest, "other bytes");
  EXPECT_EQ(codeOf(digest), kBlobDamaged);
  EXPECT_EQ(codeOf(digest), kBlobMissing) << "it is set aside";
  EXPECT_EQ(events(), "blob.lost damaged");
  EXPECT_EQ(metrics.value("planwright_blobs_lost_total", {{"what", "damaged"}}), 1);

  kept(large);
  EXPECT_EQ(readAll(blobs->open(digest)->get()), large);
  EXPECT_EQ(events(), "blob.lost damaged, blob.back ");
  EXPECT_EQ(metrics.value("planwright_blobs_healed_total"), 1);
  std::filesystem::remove(folderBlobs->pathOf(digest));
  EXPECT_EQ(codeOf(digest), kBlobMissing);
  EXPECT_EQ(events(), "blob.lost damaged, blob.back , blob.lost missing");
}

TEST_F(LostBlobs, ASmallOneIsWrittenAgainByWhoeverHasItsBytes) {
  const auto digest = kept("small");
  connection->runText("update blobs set content = 'Small'");
  EXPECT_EQ(codeOf(digest), kBlobDamaged);
  EXPECT_EQ(codeOf(digest), kBlobDamaged);
  EXPECT_EQ(events(), "blob.lost damaged");
  kept("small");
  EXPECT_EQ(readAll(blobs->open(digest)->get()), "small");
  EXPECT_EQ(events(), "blob.lost damaged, blob.back ");
}

TEST_F(LostBlobs, AFileThatSomebodyPutBackIsFound) {
  const auto digest = kept(large);
  const auto path = folderBlobs->pathOf(digest);
  std::filesystem::rename(path, folder / "elsewhere");
  EXPECT_EQ(codeOf(digest), kBlobMissing);
  std::filesystem::rename(folder / "elsewhere", path);
  EXPECT_EQ(codeOf(digest), "");
  EXPECT_EQ(events(), "blob.lost missing, blob.back ");
}

TEST_F(LostBlobs, WhatWasDeletedOnPurposeIsNotLost) {
  const auto opened = blobs->open(Digest::of("never kept"));
  ASSERT_FALSE(opened);
  EXPECT_FALSE(isLostBlob(opened.error()));
  EXPECT_EQ(events(), "");
}

TEST_F(LostBlobs, AFileIsHashedOnceForEachStateOfIt) {
  const std::string huge(static_cast<std::size_t>(kHashedAtOnceBytes) + 1, 'h');
  const auto staged = folderBlobs->stageBytes(huge);
  const auto path = folderBlobs->pathOf(staged.digest);
  // A file that was written this very moment is looked at again: the clock of the file system may
  // not tell the next write apart.
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(folderBlobs->open(staged.digest));
    return folderBlobs->isOpenedAtOnce(staged.digest);
  }));
  EXPECT_EQ(folderBlobs->stageBytes(huge).digest, staged.digest);
  EXPECT_TRUE(folderBlobs->isOpenedAtOnce(staged.digest))
      << "that it is used again changes only times";
  const auto opened = folderBlobs->open(staged.digest);
  EXPECT_TRUE(folderBlobs->isIntact(opened->get(), staged.digest, false));
  EXPECT_FALSE((*FolderBlobs::open(folder / "blobs", "test"))->isOpenedAtOnce(staged.digest))
      << "nothing is remembered on a disk";
  std::filesystem::last_write_time(path, folderBlobs->now() + std::chrono::seconds(1));
  EXPECT_FALSE(folderBlobs->isIntact(opened->get(), staged.digest, false));
  EXPECT_TRUE(folderBlobs->isIntact(opened->get(), staged.digest, true))
      << "only its times changed";
  EXPECT_FALSE(folderBlobs->isOpenedAtOnce(staged.digest));
  EXPECT_TRUE(folderBlobs->open(staged.digest));
}

}  // namespace
}  // namespace planwright::lost_blobs_test
