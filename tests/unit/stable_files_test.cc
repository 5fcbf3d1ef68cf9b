#include "intake/stable_files.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace planwright::stable_files_test {
namespace {

using namespace std::chrono_literals;

struct StableFilesTest : ::testing::Test {
  std::vector<std::string> dueNames(std::size_t limit = 100) const {
    std::vector<std::string> names;
    for (const ArrivingFile& file : files.due(limit)) names.push_back(file.name);
    return names;
  }
  FakeClock clock;
  StableFiles files{clock, /*quietPeriod=*/2s};
};

using Names = std::vector<std::string>;

TEST_F(StableFilesTest, RestartsTheQuietPeriodWhenAFileGrows) {
  EXPECT_FALSE(files.observe("req.txt", {.sizeBytes = 10, .mtimeNs = 1}));
  clock.advance(1900ms);
  EXPECT_FALSE(files.observe("req.txt", {.sizeBytes = 20, .mtimeNs = 2}));
  clock.advance(1900ms);
  EXPECT_FALSE(files.observe("req.txt", {.sizeBytes = 20, .mtimeNs = 2}));
  clock.advance(100ms);
  EXPECT_TRUE(files.observe("req.txt", {.sizeBytes = 20, .mtimeNs = 2}));
}

TEST_F(StableFilesTest, AnyOfTheFiveNumbersRestartsIt) {
  StatSignature look{1, 2, 3, 4, 5};
  files.observe("a", look);
  for (auto* field : {&look.sizeBytes, &look.mtimeNs, &look.ctimeNs}) {
    clock.advance(2s);
    ++*field;
    EXPECT_FALSE(files.observe("a", look));
  }
  for (auto* field : {&look.device, &look.inode}) {
    clock.advance(2s);
    ++*field;
    EXPECT_FALSE(files.observe("a", look));
  }
}

TEST_F(StableFilesTest, TellsWhenToLookAgain) {
  EXPECT_EQ(files.nextDeadline(), std::nullopt);
  files.observe("a", {.inode = 1});
  clock.advance(500ms);
  files.observe("b", {.inode = 2});
  EXPECT_EQ(files.nextDeadline(), clock.steady() + 1500ms);
  clock.advance(1500ms);
  EXPECT_EQ(dueNames(), Names{"a"});
  clock.advance(500ms);
  EXPECT_EQ(dueNames(), (Names{"a", "b"}));
  EXPECT_EQ(dueNames(1), Names{"a"});
  files.forget("a");
  files.forget("never seen");
  EXPECT_EQ(dueNames(), Names{"b"});
  EXPECT_EQ(files.size(), 1u);
}

TEST_F(StableFilesTest, AnOpenFileWaitsUntilItsTimeOrTheNextSign) {
  files.observe("a", {.inode = 1});
  clock.advance(2s);
  files.postpone("a", {.inode = 1}, ArrivingReason::Open, 1s);
  EXPECT_EQ(dueNames(), Names{});
  EXPECT_EQ(files.list(10)[0].reason, ArrivingReason::Open);
  clock.advance(300ms);
  EXPECT_TRUE(files.observe("a", {.inode = 1}));  // its writer closed it
  EXPECT_EQ(dueNames(), Names{"a"});
  files.postpone("a", {.inode = 1}, ArrivingReason::Open, 1s);
  clock.advance(1s);
  EXPECT_EQ(dueNames(), Names{"a"});
  EXPECT_EQ(files.countDue(10), 1u);
}

TEST_F(StableFilesTest, AFileThatChangedIsNotPostponedForItsOldLook) {
  files.observe("a", {.inode = 1});
  files.observe("a", {.inode = 1, .sizeBytes = 7});
  files.postpone("a", {.inode = 1}, ArrivingReason::Changed, 1h);
  clock.advance(2s);
  EXPECT_EQ(dueNames(), Names{"a"});
}

TEST_F(StableFilesTest, WithoutAQuietPeriodAFileIsStableAtFirstSight) {
  StableFiles eager(clock, 0s);
  EXPECT_TRUE(eager.observe("a", {.inode = 1}));
  EXPECT_EQ(eager.due(10).size(), 1u);
}

TEST_F(StableFilesTest, ListsByNameInPages) {
  for (const char* name : {"c", "a", "b"}) files.observe(name, {.inode = 1});
  EXPECT_EQ(files.list(2)[1].name, "b");
  EXPECT_EQ(files.list(2, "b")[0].name, "c");
  EXPECT_EQ(toText(files.list(1)[0].reason, 2s), "It changed less than 2 s ago.");
  clock.advance(2s);
  EXPECT_EQ(files.list(1)[0].reason, ArrivingReason::Waiting);
}

TEST(StatSignature, SurvivesTheDatabase) {
  const StatSignature look{2049, 131, 812, 1767225600123456789, 1767225600123456790};
  EXPECT_EQ(StatSignature::parse(look.text()), look);
  EXPECT_EQ(StatSignature{}.text(), "");
  for (const char* bad : {"", "1:2:3:4", "1:2:3:4:5:6", "1:2:3:4:x", "a:2:3:4:5", "0:0:0:0:0"}) {
    EXPECT_EQ(StatSignature::parse(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace planwright::stable_files_test
