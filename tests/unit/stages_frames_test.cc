#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/files.h"
#include "stages/frames.h"
#include "stages/worker_wire.h"

namespace planwright {
namespace {

using testing::HasSubstr;

struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    one = std::make_unique<FrameSocket>(UniqueFd(ends[0]));
    other = std::make_unique<FrameSocket>(UniqueFd(ends[1]));
  }
  std::unique_ptr<FrameSocket> one, other;
};

TEST(Frames, CarryMetaDataAndADescriptor) {
  Pair pair;
  const UniqueFd file = memoryFile("the blob");
  ASSERT_TRUE(pair.one->send(FrameKind::Reply, 7, "{}", "data", file.get()));
  const auto frame = pair.other->receive();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, FrameKind::Reply);
  EXPECT_EQ(frame->number, 7u);
  EXPECT_EQ(frame->meta + frame->data, "{}data");
  EXPECT_EQ(readAll(frame->fd.get()), "the blob");
}

TEST(Frames, LargerThanTheSocketsBufferComeWhole) {
  Pair pair;
  const std::string large(std::size_t{4} << 20, 'x');
  std::jthread sender([&] { pair.one->send(FrameKind::Done, 1, "{}", large); });
  const auto frame = pair.other->receive();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data, large);
}

TEST(Frames, GarbageIsRefusedWithASentence) {
  EXPECT_THAT(parseFrameHeader("short").error().message, HasSubstr("16 bytes"));
  EXPECT_THAT(parseFrameHeader("Traceback (most ").error().message, HasSubstr("no kind of frame"));
  FrameHeader header{kFrameMetaBytes + 1, 0, FrameKind::Done, false, 1};
  EXPECT_THAT(parseFrameHeader(frameHeader(header)).error().message, HasSubstr("8 MiB"));
  header = {0, kFrameDataBytes + 1, FrameKind::Done, false, 1};
  EXPECT_THAT(parseFrameHeader(frameHeader(header)).error().message, HasSubstr("64 MiB"));
}

TEST(Frames, TheEndOfTheOtherSideIsAnAnswer) {
  Pair pair;
  pair.one.reset();
  EXPECT_EQ(pair.other->receive().error().kind, ErrorKind::Unavailable);
  EXPECT_FALSE(pair.other->send(FrameKind::Log, 1, "{}"));
}

TEST(Frames, AnOutcomeComesBackAsItWas) {
  StageOutcome outcome;
  outcome.failure =
      Failure{FailureClass::Rejected, "line 3", "all of it", std::chrono::milliseconds(1500)};
  outcome.outputs = {{"a.txt", "sha256:00"}};
  const auto back = outcomeFrom({FrameKind::Done, 1, toMeta(outcome), "{}"});
  ASSERT_TRUE(back);
  EXPECT_EQ(*back->failure, *outcome.failure);
  EXPECT_EQ(back->outputs.at(0).name, "a.txt");
  EXPECT_EQ(back->document, "{}");
}

}  // namespace
}  // namespace planwright
