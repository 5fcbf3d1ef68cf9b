#include "control/log_file.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "control/ansi_filter.h"
#include "support/temp_folder.h"

namespace planwright {
namespace {

using testing::ElementsAre;

TEST(LogFile, ReadsARunOfLinesAndCountsAll) {
  const TempFolder folder;
  const LogFile log(folder.write("log", "a\nb\r\n\nd"));
  const auto all = log.read(1, 100);
  EXPECT_EQ(all.totalLines, 4);
  EXPECT_THAT(all.lines, ElementsAre("a", "b", "", "d"));
  EXPECT_THAT(log.read(2, 2).lines, ElementsAre("b", ""));
  EXPECT_THAT(log.read(9, 2).lines, ElementsAre());
}

TEST(LogFile, TakesAMissingFileAsEmpty) {
  const LogFile log("/no/such/file");
  EXPECT_EQ(log.read(1, 10).totalLines, 0);
  EXPECT_EQ(log.search("x", false, 10)->total, 0);
}

TEST(LogFile, CutsLinesThatAreTooLongToShow) {
  const TempFolder folder;
  const LogFile log(folder.write("log", std::string(1'000'000, 'x') + "\nnext\n"));
  const auto read = log.read(1, 10);
  EXPECT_TRUE(read.isTruncated);
  EXPECT_EQ(read.totalLines, 2);
  EXPECT_EQ(read.lines[0].size(), 16U * 1024);
  EXPECT_EQ(read.lines[1], "next");
}

TEST(LogFile, KeepsCountingWhenThePageIsFull) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(10'000, 'y') + "\n";
  const auto read = LogFile(folder.write("log", text)).read(1, 2000);
  EXPECT_TRUE(read.isTruncated);
  EXPECT_EQ(read.totalLines, 1000);
  EXPECT_LT(read.lines.size(), 500U);
}

TEST(LogFile, FindsTextWhateverItsCase) {
  const TempFolder folder;
  const LogFile log(folder.write("log", "fine\nERROR: x\nan error\n"));
  const auto hits = log.search("Error", false, 1);
  EXPECT_EQ(hits->total, 2);
  ASSERT_EQ(hits->hits.size(), 1U);
  EXPECT_EQ(hits->hits[0].line, 2);
  EXPECT_EQ(log.search("^(fine|an)", true, 10)->total, 2);
}

TEST(LogFile, RefusesExpressionsThatMayTakeForEver) {
  const TempFolder folder;
  const LogFile log(folder.write("log", "x\n"));
  for (const auto& bad : std::vector<std::string>{"(", "(a)\\1", "((a{99}){99}){99}", "a{1000}",
                                                  std::string(300, 'a')})
    EXPECT_EQ(log.search(bad, true, 10).error().code, "bad-pattern") << bad;
}

TEST(AnsiFilter, TakesOutSequencesThatAreCutBetweenPieces) {
  AnsiFilter filter;
  std::string out;
  for (const char* piece : {"a\x1b[3", "1mred\x1b]0;title\x07!\x1b", "[0m."})
    out += filter.feed(piece);
  EXPECT_EQ(out, "ared!.");
}

}  // namespace
}  // namespace planwright
