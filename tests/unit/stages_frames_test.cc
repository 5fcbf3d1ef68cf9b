#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/files.h"
#include "stages/frames.h"
#include "stages/worker_wire.h"

namespace planwright::stages_frames_test {
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
  const auto back = outcomeFrom(Verb::Build, {FrameKind::Done, 1, toMeta(outcome), "{}"});
  ASSERT_TRUE(back);
  EXPECT_EQ(*back->failure, *outcome.failure);
  EXPECT_EQ(back->outputs.at(0).name, "a.txt");
  EXPECT_EQ(back->text, "{}");
}

TEST(Frames, APollComesBackAsItWas) {
  StageOutcome poll;
  poll.items = {{"a/b", "/x/a/b", "", R"({"n":1})"}, {"c", "", "sha256:00", ""}};
  poll.next = std::chrono::milliseconds(2500);
  const auto back = outcomeFrom(Verb::Poll, {FrameKind::Done, 1, toMeta(poll), "the cursor"});
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->items.size(), 2u);
  EXPECT_EQ(back->items[0].path + back->items[0].attributesJson, R"(/x/a/b{"n":1})");
  EXPECT_EQ(back->items[1].name + back->items[1].digest, "csha256:00");
  EXPECT_EQ(back->next, poll.next);
  EXPECT_EQ(back->text, "the cursor");
}

TEST(Frames, EveryVerbHasAFrame) {
  for (const auto verb :
       {Verb::Plan, Verb::Build, Verb::Poll, Verb::Submit, Verb::Observe, Verb::Withdraw})
    EXPECT_EQ(verbOf(kindOf(verb)), verb) << static_cast<int>(verb);
  EXPECT_EQ(verbOf(FrameKind::Cancel), std::nullopt);
}

TEST(Frames, WhatBelongsToAnotherVerbIsIgnored) {
  const char* meta = R"({"states":[{"state":"odd"}],"items":[7]})";
  const auto plan = outcomeFrom(Verb::Plan, {FrameKind::Done, 1, meta, "\xff"});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->text, "\xff") << "whoever reads the plan judges it";
  EXPECT_FALSE(outcomeFrom(Verb::Observe, {FrameKind::Done, 1, meta, ""}));
  EXPECT_FALSE(outcomeFrom(Verb::Poll, {FrameKind::Done, 1, meta, ""}));
}

TEST(Frames, WhatAHostCouldNotStoreIsNoPoll) {
  const auto why = [](std::string meta, std::string cursor = "") {
    const auto poll =
        outcomeFrom(Verb::Poll, {FrameKind::Done, 1, std::move(meta), std::move(cursor)});
    return poll ? std::string() : poll.error().message;
  };
  EXPECT_EQ(why("{}"), "");
  constexpr const char* kNoItem = "is not {\"name\"";
  EXPECT_THAT(why(R"({"items":["a"]})"), HasSubstr(kNoItem));
  EXPECT_THAT(why(R"({"items":[{"path":"/a"}]})"), HasSubstr(kNoItem));
  EXPECT_THAT(why(R"({"items":[{"name":"a"}]})"), HasSubstr(kNoItem));
  EXPECT_THAT(why(R"({"items":[{"name":"a","path":"/a","digest":"b"}]})"), HasSubstr(kNoItem));
  for (const char* attributes : {"7", "[]", "{", "NaN"})
    EXPECT_THAT(why(std::string(R"({"items":[{"name":"a","path":"/a","attributes":")") +
                    attributes + "\"}]}"),
                HasSubstr("attributes of a are not a JSON object"));
  EXPECT_THAT(why("{}", "\xff"), HasSubstr("cursor"));
  EXPECT_THAT(why("{}", std::string(1, '\0')), HasSubstr("cursor"));
}

TEST(Frames, TheNextPollIsWithinADay) {
  const auto next = [](const char* meta) {
    return outcomeFrom(Verb::Poll, {FrameKind::Done, 1, meta, ""})->next;
  };
  EXPECT_EQ(next("{}"), std::chrono::seconds(1));
  EXPECT_EQ(next(R"({"next_ms":-5})"), std::chrono::seconds(0));
  EXPECT_EQ(next(R"({"next_ms":9000000000000000000})"), std::chrono::hours(24));
}

}  // namespace
}  // namespace planwright::stages_frames_test
