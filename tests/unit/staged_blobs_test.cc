#include "artifacts/staged_blobs.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/files.h"

namespace planwright::staged_blobs_test {
namespace {

/// Without rows: nothing can be read here.
class Rowless final : public BlobStore {
 public:
  Result<StagedBlob> stage(int fd, std::int64_t limitBytes, const ReadCheck&) override {
    StagedBlob staged = stageBytes(readAll(fd));
    if (staged.sizeBytes > limitBytes) return Error{ErrorKind::TooLarge, "too large", {}, {}};
    return staged;
  }
  StagedBlob stageBytes(std::string_view bytes) override {
    return {Digest::of(bytes), static_cast<std::int64_t>(bytes.size()), std::string(bytes)};
  }
  Result<UniqueFd> open(const Digest&) override { return notFound("there is no row"); }
};

TEST(StagedBlobs, CanBeReadBeforeTheyHaveRows) {
  Rowless store;
  StagedBlobs blobs(store, 100);
  const auto digest = blobs.put(memoryFile("some bytes").get(), {});
  ASSERT_TRUE(digest);
  const auto file = blobs.open(*digest);
  ASSERT_TRUE(file);
  EXPECT_EQ(readAll(file->get()), "some bytes");
  EXPECT_FALSE(blobs.open(Digest::of("others")));
  EXPECT_EQ(blobs.put(memoryFile(std::string(101, 'x')).get(), {}).error().kind,
            ErrorKind::TooLarge);
  EXPECT_EQ(blobs.takeAll().size(), 1u);
  EXPECT_FALSE(blobs.find(*digest)) << "they were taken";
}

/// A plugin may store from several threads at once. A planner's blobs got lost so.
TEST(StagedBlobs, OfAllThreadsAreKept) {
  Rowless store;
  StagedBlobs blobs(store, 100);
  constexpr int kThreads = 4, kEach = 500;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&blobs, thread] {
        for (int i = 0; i < kEach; ++i)
          EXPECT_TRUE(
              blobs.put(memoryFile(std::to_string(thread) + "/" + std::to_string(i)).get(), {}));
      });
  }
  EXPECT_EQ(blobs.takeAll().size(), static_cast<std::size_t>(kThreads * kEach));
}

}  // namespace
}  // namespace planwright::staged_blobs_test
