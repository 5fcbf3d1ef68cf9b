#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/files.h"
#include "stages/blob_file.h"
#include "stages/clean_text.h"
#include "stages/frames.h"
#include "stages/worker_wire.h"
#include "support/temp_folder.h"

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

/// Sends `bytes` and as many copies of a descriptor as are asked for, in one message.
void sendRaw(int socket, std::string bytes, std::size_t descriptors) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> fds(descriptors, null.get());
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(sizeof(int) * descriptors));
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors);
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * descriptors);
  ASSERT_EQ(::sendmsg(socket, &message, 0), static_cast<ssize_t>(bytes.size()));
}

std::size_t openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(Frames, MoreThanOneDescriptorIsRefusedAndNoneIsKept) {
  const std::string announced = frameHeader({2, 0, FrameKind::BlobPut, true, 1}) + "{}";
  const std::string silent = frameHeader({2, 0, FrameKind::BlobPut, false, 1}) + "{}";
  const auto why = [](const std::vector<std::pair<std::string, std::size_t>>& messages) {
    const std::size_t before = openDescriptors();
    std::string told;
    {
      Pair pair;
      for (const auto& [bytes, descriptors] : messages) sendRaw(pair.one->fd(), bytes, descriptors);
      const auto frame = pair.other->receive();
      told = frame ? "a frame" : frame.error().message;
    }
    EXPECT_EQ(openDescriptors(), before);
    return told;
  };
  EXPECT_EQ(why({{announced, 1}}), "a frame");
  for (const std::size_t many : {2, 3, 40, 250})
    EXPECT_THAT(why({{announced, many}}), HasSubstr("one descriptor at most")) << many;
  EXPECT_THAT(why({{announced.substr(0, 7), 1}, {announced.substr(7), 1}}),
              HasSubstr("one descriptor at most"));
  EXPECT_THAT(why({{announced.substr(0, 16), 1}, {"{}", 1}}), HasSubstr("one descriptor at most"));
  EXPECT_THAT(why({{silent, 1}}), HasSubstr("do not agree"));
  EXPECT_THAT(why({{silent.substr(0, 16), 1}, {"{}", 1}}), HasSubstr("one descriptor at most"));
}

TEST(Frames, AFrameThatComesInPiecesKeepsNobodyWaiting) {
  Pair pair;
  const std::string bytes = frameHeader({2, 4, FrameKind::Done, false, 7}) + "{}data";
  for (const char byte : bytes) {
    const auto early = pair.other->take();
    ASSERT_TRUE(early);
    EXPECT_FALSE(*early);
    ASSERT_EQ(::send(pair.one->fd(), &byte, 1, 0), 1);
  }
  EXPECT_TRUE(pair.other->isInFrame());
  const auto whole = pair.other->take();
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ((*whole)->meta + (*whole)->data, "{}data");
  EXPECT_FALSE(pair.other->isInFrame());
  pair.one.reset();
  EXPECT_EQ(pair.other->take().error().kind, ErrorKind::Unavailable);
}

TEST(Frames, OneThatIsReadTooSlowlyIsGivenUp) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  FrameSocket sender{UniqueFd(ends[0]), std::chrono::seconds(1)};
  const UniqueFd reader(ends[1]);
  EXPECT_FALSE(sender.send(FrameKind::Plan, 1, "{}", std::string(std::size_t{8} << 20, 'x')));
}

TEST(Frames, ListsThatAreTooLongForOneFrameGoAheadInParts) {
  StageOutcome poll;
  for (int i = 0; i < 30'000; ++i)
    poll.items.push_back({std::string(300, '"') + std::to_string(i), "/x", "", R"({"n":1})"});
  poll.outputs = {{"a.txt", "sha256:00", "h"}};
  const StageOutcome before = poll;
  const auto parts = takeParts(poll);
  EXPECT_GT(parts.size(), 2U);
  EXPECT_TRUE(poll.items.empty());
  StageOutcome after;
  for (const std::string& meta : parts) {
    EXPECT_LT(meta.size(), kFrameMetaBytes);
    ASSERT_TRUE(addPart(Verb::Poll, {FrameKind::Part, 1, meta, ""}, after));
  }
  ASSERT_EQ(after.items.size(), before.items.size());
  for (std::size_t i = 0; i < before.items.size(); i += 999)
    EXPECT_EQ(after.items[i].name, before.items[i].name);
  EXPECT_EQ(after.outputs.at(0).handle, "h");
  StageOutcome few;
  few.items.resize(10, {"a", "/a", "", ""});
  EXPECT_TRUE(takeParts(few).empty());
  EXPECT_EQ(few.items.size(), 10U);
}

TEST(BlobFile, OnlyWhatCanBeReadToItsEndIsOne) {
  TempFolder folder;
  const auto why = [](int fd) {
    const auto checked = checkBlobFile(fd);
    return checked ? std::string() : checked.error().message;
  };
  const auto opened = [&](const std::string& path, int flags) {
    return why(UniqueFd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0600)).get());
  };
  const std::string file = (folder.path() / "file").string();
  const std::string fifo = (folder.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(opened(file, O_RDWR | O_CREAT), "");
  EXPECT_EQ(opened(file, O_RDONLY), "");
  EXPECT_EQ(why(memoryFile("x").get()), "");
  EXPECT_THAT(opened(file, O_WRONLY), HasSubstr("cannot be read"));
  EXPECT_THAT(opened(file, O_PATH), HasSubstr("cannot be read"));
  EXPECT_THAT(opened(fifo, O_RDWR), HasSubstr("a fifo"));
  EXPECT_THAT(opened(folder.path().string(), O_RDONLY), HasSubstr("a folder"));
  EXPECT_THAT(opened("/dev/zero", O_RDONLY), HasSubstr("a device"));
  EXPECT_THAT(opened("/proc/self/status", O_RDONLY), HasSubstr("of the kernel"));
  EXPECT_THAT(why(UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)).get()),
              HasSubstr("a socket"));
  EXPECT_THAT(why(UniqueFd(::eventfd(0, EFD_CLOEXEC)).get()), HasSubstr("no file"));
  EXPECT_THAT(why(-1), HasSubstr("no open descriptor"));
}

TEST(CutText, SaysThatSomethingIsMissing) {
  EXPECT_EQ(cutText("short", 100), "short");
  const std::string cut = cutText(std::string(200, 'x'), 100);
  EXPECT_THAT(cut, HasSubstr("xxx … [cut: it had 200 bytes]"));
  EXPECT_LE(cut.size(), 100U);
  EXPECT_THAT(cutText(std::string(90, 'x'), 80, 5000), HasSubstr("[cut: it had 5000 bytes]"));
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
