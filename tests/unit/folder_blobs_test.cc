#include "artifacts/folder_blobs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "support/temp_folder.h"

namespace planwright::folder_blobs_test {
namespace {

constexpr std::int64_t kNoLimit = std::int64_t{1} << 40;

struct FolderBlobsTest : ::testing::Test {
  std::unique_ptr<FolderBlobs> openStore(const std::string& id = "store-1") {
    auto opened = FolderBlobs::open(folder / "blobs", id);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::size_t files(const char* below) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / below)) {
      count += entry.is_regular_file();
    }
    return count;
  }
  Result<StagedBlob> stage(const std::string& bytes, std::int64_t limit = kNoLimit,
                           const ReadCheck& check = {}) {
    const UniqueFd fd(memoryFile(bytes));
    return blobs->stage(fd.get(), limit, check);
  }

  /// What a disk does: the name stays, the bytes are others.
  void overwrite(const Digest& digest, const std::string& bytes) const {
    const auto path = blobs->pathOf(digest);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    writeAll(fd.get(), bytes);
  }

  TempFolder folder;
  std::unique_ptr<FolderBlobs> blobs = openStore();
  const std::string large = std::string(700'000, 'x') + "end";
};

TEST_F(FolderBlobsTest, KeepsLargeContentUnderItsDigestReadOnly) {
  const auto staged = stage(large);
  ASSERT_TRUE(staged);
  EXPECT_EQ(staged->digest, Digest::of(large));
  EXPECT_EQ(staged->sizeBytes, static_cast<std::int64_t>(large.size()));
  EXPECT_FALSE(staged->content);

  const auto path =
      folder / "blobs" / "sha256" / staged->digest.hex().substr(0, 2) / staged->digest.hex();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0400u);
  auto opened = blobs->open(staged->digest);
  ASSERT_TRUE(opened);
  EXPECT_EQ(readAll(opened->get()), large);
  EXPECT_EQ(files("blobs/tmp"), 0u);
}

TEST_F(FolderBlobsTest, HandsSmallContentBackAndWritesNothing) {
  const std::string small(kSmallBlobBytes, 's');
  const auto staged = stage(small);
  ASSERT_TRUE(staged);
  EXPECT_EQ(staged->content, small);
  EXPECT_EQ(staged->digest, Digest::of(small));
  EXPECT_EQ(blobs->stageBytes("").content, "");
  EXPECT_EQ(files("blobs/sha256"), 0u);
  EXPECT_FALSE(stage(small + "1")->content);
}

TEST_F(FolderBlobsTest, DoesNotStoreTheSameBytesTwice) {
  const auto first = stage(large);
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(blobs->pathOf(first->digest).c_str(), &before), 0);
  EXPECT_EQ(stage(large)->digest, first->digest);
  EXPECT_EQ(blobs->stageBytes(large).digest, first->digest);
  ASSERT_EQ(::stat(blobs->pathOf(first->digest).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(files("blobs/sha256"), 1u);
}

TEST_F(FolderBlobsTest, RefusesWhatIsOverTheLimit) {
  const auto staged = stage(large, 1000);
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().kind, ErrorKind::TooLarge);
  EXPECT_TRUE(stage(large, static_cast<std::int64_t>(large.size())));
  EXPECT_FALSE(stage(large + "1", static_cast<std::int64_t>(large.size())));
  EXPECT_EQ(files("blobs/tmp"), 0u);
}

TEST_F(FolderBlobsTest, StopsReadingWhenTheCheckSaysSo) {
  int asked = 0;
  const auto stopped = stage(large, kNoLimit, [&](bool) { return ++asked < 2; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, "read-stopped");
  EXPECT_EQ(files("blobs/tmp") + files("blobs/sha256"), 0u);

  for (const std::string& bytes : {std::string("small"), large, std::string(3 * 256 * 1024, 'y')}) {
    int ends = 0;
    ASSERT_TRUE(stage(bytes, kNoLimit, [&](bool atEnd) { return ends += atEnd, true; }));
    EXPECT_EQ(ends, 1) << bytes.size();
  }
}

TEST_F(FolderBlobsTest, RefusesAFolderOfAnotherStore) {
  const auto other = FolderBlobs::open(folder / "blobs", "store-2");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::Conflict);
  EXPECT_NE(other.error().message.find("store-1"), std::string::npos);
}

TEST_F(FolderBlobsTest, IsSharedByHostsOfTheSameStore) {
  const auto staged = stage(large);
  const auto second = openStore();
  EXPECT_TRUE(second->open(staged->digest));
  const auto future = second->now() + std::chrono::hours(1);
  EXPECT_TRUE(second->discard(staged->digest, future));
  EXPECT_FALSE(second->discard(staged->digest, future));
  const auto gone = blobs->open(staged->digest);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::NotFound);
}

TEST_F(FolderBlobsTest, DiscardsNothingThatIsStagedAgain) {
  const auto staged = stage(large);
  const auto before = blobs->now() - std::chrono::hours(1);
  EXPECT_FALSE(blobs->discard(staged->digest, before)) << "it was written since";
  EXPECT_TRUE(blobs->open(staged->digest));
  const auto part = std::stoi(std::string(staged->digest.hex().substr(0, 2)), nullptr, 16);
  EXPECT_TRUE(blobs->untouched(part, before).empty());
  EXPECT_EQ(blobs->untouched(part, blobs->now() + std::chrono::hours(1)).size(), 1u);
  EXPECT_EQ(files("blobs/trash"), 0u);
}

TEST_F(FolderBlobsTest, PutsBackWhatACrashLeftInTheTrash) {
  const auto staged = stage(large);
  std::filesystem::rename(blobs->pathOf(staged->digest),
                          folder / "blobs" / "trash" / staged->digest.hex());
  EXPECT_TRUE(blobs->open(staged->digest)) << "a reader does not notice";
  blobs->emptyTrash();
  EXPECT_TRUE(std::filesystem::exists(blobs->pathOf(staged->digest)));
  EXPECT_EQ(files("blobs/trash"), 0u);
}

/// Flips, cuts and empties, with the times as they were.
TEST_F(FolderBlobsTest, GivesNoBytesThatHaveAnotherDigest) {
  const std::string flipped = std::string(700'000, 'x') + "enD";
  for (const std::string& bytes : {flipped, large.substr(0, 4096), std::string(), large + "1"}) {
    const auto staged = stage(large);
    ASSERT_TRUE(blobs->open(staged->digest)) << "the right ones are given, also after a damage";
    overwrite(staged->digest, bytes);
    const auto opened = blobs->open(staged->digest);
    ASSERT_FALSE(opened) << bytes.size();
    EXPECT_EQ(opened.error().code, kBlobDamaged);
    EXPECT_EQ(readFile(folder / "blobs" / "damaged" / staged->digest.hex()), bytes)
        << "whoever runs the store may look at it";
    const auto again = blobs->open(staged->digest);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::NotFound);
  }
}

TEST_F(FolderBlobsTest, StagesTheRightBytesInPlaceOfDamagedOnes) {
  const auto staged = stage(large);
  overwrite(staged->digest, "other");
  EXPECT_EQ(stage(large)->digest, staged->digest);
  EXPECT_EQ(readAll(blobs->open(staged->digest)->get()), large);
  overwrite(staged->digest, "other again");
  EXPECT_EQ(blobs->stageBytes(large).digest, staged->digest);
  EXPECT_EQ(readAll(blobs->open(staged->digest)->get()), large);
}

TEST_F(FolderBlobsTest, SaysWhyAFolderCannotBeUsed) {
  const auto failed = FolderBlobs::open(folder.write("plain-file", "") / "blobs", "store-1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace planwright::folder_blobs_test
