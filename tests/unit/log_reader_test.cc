#include "logs/log_reader.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/ansi_filter.h"
#include "base/files.h"
#include "base/secret_mask.h"
#include "logs/attempt_log.h"
#include "logs/gather_frames.h"
#include "logs/log_writer.h"
#include "support/log_files.h"
#include "support/temp_folder.h"

namespace planwright::log_reader_test {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::filesystem::path logOf(const TempFolder& folder, const std::vector<std::string>& pieces) {
  return writeLog(folder / "log", pieces);
}

std::string textOf(const std::filesystem::path& path) {
  std::string text;
  LogReader reader(path);
  reader.copy(0, reader.sizeBytes(), [&](std::string_view piece) { text += piece; });
  return text;
}

TEST(LogReader, ReadsARunOfLinesAndCountsAll) {
  const TempFolder folder;
  LogReader log(logOf(folder, {"a\nb\r\n", "\nd"}));
  const auto all = log.lines(1, 100);
  EXPECT_EQ(all.totalLines, 4);
  EXPECT_THAT(all.lines, ElementsAre("a", "b", "", "d"));
  EXPECT_THAT(all.unixMillis, ElementsAre(1000, 1000, 1001, 1001));
  EXPECT_THAT(log.lines(2, 2).lines, ElementsAre("b", ""));
  EXPECT_THAT(log.lines(9, 2).lines, ElementsAre());
  EXPECT_EQ(log.offsetOf(4), 6U);
  EXPECT_EQ(log.lineAt(5), 3);
}

/// The bytes [from, to) by pieces.
std::string piecesOf(const std::filesystem::path& path, std::uint64_t from, std::uint64_t to) {
  LogReader reader(path);
  std::string text;
  for (std::string piece = reader.piece(from, to); !piece.empty();
       piece = reader.piece(from + text.size(), to))
    text += piece;
  return text;
}

TEST(LogReader, GivesItsBytesPieceByPieceFromAnyPlace) {
  const TempFolder folder;
  const auto path = logOf(folder, {"first\n", "second", " third\n", "fourth"});
  const std::string whole = "first\nsecond third\nfourth";
  for (std::uint64_t from = 0; from <= whole.size(); ++from)
    for (std::uint64_t to = from; to <= whole.size() + 1; ++to)
      EXPECT_EQ(piecesOf(path, from, to), whole.substr(from, to - from)) << from << " " << to;
  EXPECT_EQ(piecesOf("/no/such/file", 0, 10), "");
}

TEST(LogReader, BytesThatAreLostStayThatManyInPieces) {
  const TempFolder folder;
  std::string middle(9000, '\0');
  std::minstd_rand random;  // it cannot be compressed, so it is most of the file
  for (auto& byte : middle) byte = static_cast<char>(random());
  const auto path = logOf(folder, {"first\n", middle + "\n", "last\n"});
  const std::string whole = textOf(path);
  std::string bytes = readFile(path);
  const std::size_t third = bytes.size() / 3;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(third),
            bytes.begin() + static_cast<std::ptrdiff_t>(2 * third), '\0');
  replaceFile(path, bytes);
  const std::string damaged = piecesOf(path, 0, UINT64_MAX);
  EXPECT_EQ(damaged.size(), whole.size());
  EXPECT_THAT(damaged, StartsWith("first\n"));
  EXPECT_THAT(damaged, EndsWith("last\n"));
  EXPECT_NE(damaged, whole);
}

TEST(LogReader, TakesAMissingOrForeignFileAsEmpty) {
  const TempFolder folder;
  for (const auto& path : {std::filesystem::path("/no/such/file"), folder.write("x", "no log")}) {
    LogReader log(path);
    EXPECT_EQ(log.lines(1, 10).totalLines, 0);
    EXPECT_EQ(log.search("x", false, 10)->total, 0);
  }
}

TEST(LogReader, FindsAnyLineAndByteAmongManyFrames) {
  const TempFolder folder;
  std::vector<std::string> pieces;
  std::string text;
  for (int i = 1; i <= 5000; ++i) {  // a line in several frames, several lines in one frame
    pieces.push_back("line " + std::to_string(i) + (i % 3 == 0 ? "" : i % 7 == 0 ? "\n\n" : "\n"));
    text += pieces.back();
  }
  LogReader log(logOf(folder, pieces));
  std::vector<std::string> lines;
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    offsets.push_back(at);
    at = end + 1;
  }
  ASSERT_EQ(log.totalLines(), static_cast<std::int64_t>(lines.size()));
  for (std::size_t i = 0; i < lines.size(); i += 13) {
    const auto number = static_cast<std::int64_t>(i + 1);
    ASSERT_THAT(log.lines(number, 1).lines, ElementsAre(lines[i])) << number;
    ASSERT_EQ(log.offsetOf(number), offsets[i]);
    ASSERT_EQ(log.lineAt(offsets[i]), number);
  }
  std::string part;
  log.copy(1000, 3001, [&](std::string_view piece) { part += piece; });
  EXPECT_EQ(part, text.substr(1000, 2001));
}

TEST(LogReader, ReadsUpToTheFrameThatACrashCut) {
  const TempFolder folder;
  const auto path = logOf(folder, {"one\n", "two\n", "three\n"});
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 3);
  EXPECT_EQ(textOf(path), "one\ntwo\n");
  LogWriter writer(folder.path());
  AttemptLog again(writer, path);
  again.line("and on");
  again.finish();
  EXPECT_EQ(textOf(path), "one\ntwo\nand on\n");
}

/// Flips one bit after the other, and overwrites stretches: whatever is hit, all text that is shown
/// is what was written, or stands in for it and is told of.
TEST(LogReader, ShowsNoTextThatTheDiskChanged) {
  const TempFolder folder;
  std::vector<std::string> pieces;
  std::string all;
  for (int i = 0; i < 40; ++i) {
    pieces.push_back("piece " + std::to_string(i) + " begins\nand ends\n" + std::string(200, 'x') +
                     "\n");
    all += pieces.back();
  }
  const auto path = logOf(folder, pieces);
  const std::string good = readFile(path);
  const auto look = [&](const std::string& bytes, std::size_t at) {
    std::ofstream(path) << bytes;
    LogReader log(path);
    std::string text;
    log.copy(0, log.sizeBytes(), [&](std::string_view piece) { text += piece; });
    ASSERT_LE(text.size(), all.size()) << at;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i)
      kept +=
          text.substr(std::min(text.size(), all.find(pieces[i])), pieces[i].size()) == pieces[i];
    EXPECT_EQ(log.isDamaged(), text != all.substr(0, text.size())) << at;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
              std::count(all.begin(), all.begin() + std::ssize(text), '\n'))
        << at;
    EXPECT_EQ(log.isDamaged(), text.find("bytes of this log are damaged]") != std::string::npos)
        << at;
    EXPECT_GE(kept, 36u) << at;
    EXPECT_EQ(LogReader(path).lines(1, 2000).lines.size(),
              static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')))
        << at;
  };
  for (std::size_t at = 0; at < good.size(); at += 41) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    look(bytes, at);
    bytes = good;
    bytes.replace(at, std::min<std::size_t>(200, bytes.size() - at), 200, '\0');
    bytes.resize(good.size());
    look(bytes, at);
  }
}

TEST(LogReader, FindsALineBehindAStretchThatIsLost) {
  const TempFolder folder;
  std::vector<std::string> pieces;
  for (int i = 0; i < 1000; ++i) pieces.push_back("line " + std::to_string(i) + "\n");
  const auto path = logOf(folder, pieces);
  std::string bytes = readFile(path);
  const std::size_t third = bytes.size() / 3;
  bytes.replace(third, third, third, '\0');
  replaceFile(path, bytes);
  LogReader log(path);
  EXPECT_EQ(log.totalLines(), 1000);
  EXPECT_THAT(log.lines(900, 1).lines, ElementsAre("line 899"));
  EXPECT_FALSE(log.isDamaged()) << "what was read is whole";
  EXPECT_EQ(log.lines(400, 200).lines.size(), 200u);
  EXPECT_TRUE(log.isDamaged());
  EXPECT_EQ(log.search("line 899", false, 10)->hits.at(0).line, 900);
}

TEST(LogReader, CutsLinesThatAreTooLongToShow) {
  const TempFolder folder;
  LogReader log(logOf(folder, {std::string(1'000'000, 'x') + "\nnext\n"}));
  const auto read = log.lines(1, 10);
  EXPECT_TRUE(read.isTruncated);
  EXPECT_EQ(read.totalLines, 2);
  EXPECT_EQ(read.lines[0].size(), 16U * 1024);
  EXPECT_EQ(read.lines[1], "next");
  EXPECT_EQ(log.search("xx", false, 10)->total, 1);
  EXPECT_EQ(log.search("next", false, 10)->hits.at(0).line, 2);
}

TEST(LogReader, KeepsCountingWhenThePageIsFull) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(10'000, 'y') + "\n";
  const auto read = LogReader(logOf(folder, {text})).lines(1, 2000);
  EXPECT_TRUE(read.isTruncated);
  EXPECT_EQ(read.totalLines, 1000);
  EXPECT_LT(read.lines.size(), 500U);
}

TEST(LogReader, FindsTextWhateverItsCaseAndColour) {
  const TempFolder folder;
  LogReader log(logOf(folder, {"fine\r\nERR", "OR: x\nan e\x1b[31mrr\x1b[0mor\nnone", "\nlast"}));
  const auto hits = log.search("Error", false, 1);
  EXPECT_EQ(hits->total, 2);
  ASSERT_EQ(hits->hits.size(), 1U);
  EXPECT_EQ(hits->hits[0].line, 2);
  EXPECT_EQ(hits->hits[0].text, "ERROR: x");
  EXPECT_EQ(log.search("^(fine|an|last)$", true, 10)->total, 2);
  EXPECT_EQ(log.search("^", true, 10)->total, 5);
  EXPECT_EQ(log.search("last", false, 10)->hits.at(0).line, 5);
  EXPECT_EQ(log.search("fine.*error", true, 10)->total, 0);
}

TEST(LogReader, ShowsTheLastStateOfALineAsATerminalDoes) {
  const TempFolder folder;
  std::string progress;
  for (int i = 0; i < 20'000; ++i) progress += std::to_string(i) + " of 20000\r";
  LogReader log(logOf(folder, {progress.substr(0, 100'000), progress.substr(100'000),
                               "finished ok\na\rb\r\n", "50%\r100%\r\r", "\n\x1b[Kx"}));
  const auto all = log.lines(1, 10);
  EXPECT_THAT(all.lines, ElementsAre("finished ok", "b", "100%", "\x1b[Kx"));
  EXPECT_FALSE(all.isTruncated);
  EXPECT_THAT(log.lines(1, 1).lines, ElementsAre("finished ok"));
  EXPECT_EQ(log.search("finished", false, 5)->hits.at(0).text, "finished ok");
  EXPECT_EQ(log.search("19999 of", false, 5)->hits.at(0).text, "19999 of 20000");
  EXPECT_EQ(log.search(" of 20000", false, 5)->total, 1) << "one line";
}

/// A page of it took as long as reading all of it, and a thread that answers.
TEST(LogReader, APageCostsTheSameHoweverLongItsLinesAre) {
  const TempFolder folder;
  std::vector<std::string> pieces{"first\n"};
  for (int i = 0; i < 6; ++i) {
    std::string progress;
    while (progress.size() < 1'000'000) progress += std::to_string(i) + "%\r";
    pieces.push_back(progress);
  }
  pieces.emplace_back("done\nnext\n");
  for (int i = 0; i < 8; ++i) pieces.push_back(std::string(1'000'000, 'x') + "\rshort\n");
  LogReader log(logOf(folder, pieces));
  const auto whole = log.lines(2, 2);
  EXPECT_THAT(whole.lines, ElementsAre("done", "next"));
  EXPECT_TRUE(whole.isTruncated) << "not all of it was looked at";
  EXPECT_THAT(log.lines(3, 1).lines, ElementsAre("next"));
  const auto page = log.lines(3, 100);
  EXPECT_TRUE(page.isTruncated);
  EXPECT_LT(page.lines.size(), 8U) << "the next page goes on there";
  EXPECT_EQ(page.lines.back(), "short");
  EXPECT_EQ(log.lines(11, 100).lines.size(), 1U);
  const std::string endless(6'000'000, 'x');
  EXPECT_EQ(LogReader(logOf(folder, {endless})).lines(1, 1).lines.at(0), endless.substr(0, 16'384));
  LogReader ended(logOf(folder, {endless, "\rlast state"}));
  EXPECT_THAT(ended.lines(1, 1).lines, ElementsAre("last state"));
}

/// npm and yarn erase the line and go to its first column.
TEST(LogReader, ALineBeginsAnewWithEachWayToItsFirstColumn) {
  const TempFolder folder;
  std::string progress;
  for (int i = 0; i < 5'000; ++i) progress += "\x1b[2K\x1b[1G" + std::to_string(i) + " of 5000";
  LogReader log(
      logOf(folder, {progress, "\x1b[2K\x1b[Gfinished\n", "a\x1b[1mb\x1b[0Gc\n", "\x1b[10Gx"}));
  const auto all = log.lines(1, 10);
  EXPECT_THAT(all.lines, ElementsAre("finished", "c", "\x1b[10Gx"));
  EXPECT_FALSE(all.isTruncated);
}

/// Each of these hid all that came after it.
TEST(LogReader, FindsTextBehindSequencesThatNeverEnd) {
  for (const char* start : {"\x1b]0;title", "\x1bP1;2q", "\x1b^private", "\x1b_application",
                            "\x1bXstart", "\x1b[12;", "\x1b(", "\x1b", "\x1b]52;c;eA=="}) {
    const TempFolder folder;
    LogReader log(logOf(folder, {"before\n", start, "\nERROR: needle\n"}));
    EXPECT_EQ(log.search("^ERROR: needle$", true, 5)->total, 1) << start;
  }
  const TempFolder folder;
  LogReader log(logOf(folder, {"\x1b]0;" + std::string(10'000, 'x') + "needle\n"}));
  EXPECT_EQ(log.search("needle", false, 5)->total, 1) << "no title is so long";
}

TEST(LogReader, RefusesWhatIsNoExpression) {
  const TempFolder folder;
  LogReader log(logOf(folder, {"x\n"}));
  for (const auto& bad : std::vector<std::string>{"(", "(a)\\1", "((a{99}){99}){99}", "a{1001}",
                                                  std::string(1001, 'a')})
    EXPECT_EQ(log.search(bad, true, 10).error().code, "bad-pattern") << bad;
}

TEST(GatherFrames, KeepsTextAndTimesInFewerFrames) {
  const TempFolder folder;
  std::vector<std::string> pieces;
  for (int i = 0; i < 2000; ++i) pieces.push_back("line " + std::to_string(i) + "\n");
  const auto path = logOf(folder, pieces);
  const auto before = textOf(path);
  const auto size = std::filesystem::file_size(path);
  gatherFrames(path, {});
  EXPECT_EQ(textOf(path), before);
  EXPECT_LT(std::filesystem::file_size(path), size / 4);
  EXPECT_THAT(LogReader(path).lines(1500, 2).unixMillis, ElementsAre(2499, 2500));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".part"));
}

TEST(AttemptLog, TakesWhatProgramsWriteInTheirOrder) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  AttemptLog log(writer, folder / "7");
  log.line("the builder says");
  const int fd = log.outputFd();
  log.beginTail();
  writeAll(fd, "out\nerr");
  EXPECT_EQ(log.tail(100), "out\nerr");
  log.line("and then");
  log.finish();
  EXPECT_EQ(textOf(folder / "7"), "the builder says\nout\nerr\nand then\n");
  EXPECT_EQ(log.receivedBytes(), 17U + 7 + 10);
}

TEST(AttemptLog, MakesNoFileForSilence) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  {
    AttemptLog log(writer, folder / "7");
    log.outputFd();
    EXPECT_EQ(log.tail(100), "");
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "7"));
}

TEST(AttemptLog, IsReadableWhileItIsWritten) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  AttemptLog log(writer, folder / "7");
  writeAll(log.outputFd(), "first\n");
  while (LogReader(folder / "7").totalLines() == 0) std::this_thread::yield();
  EXPECT_THAT(LogReader(folder / "7").lines(1, 5).lines, ElementsAre("first"));
}

TEST(AttemptLog, KeepsBeginningAndEndOfALogThatIsTooLong) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  AttemptLog log(writer, folder / "7", {.maxBytes = 1000, .restFolder = folder.path()});
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  log.beginTail();
  writeAll(log.outputFd(), text);
  EXPECT_EQ(log.tail(20), text.substr(text.size() - 20));
  const LogEnd end = log.finish();
  const std::string stored = textOf(folder / "7");
  EXPECT_THAT(stored, StartsWith(text.substr(0, 1000) + "\n[planwright: the log is longer than"));
  EXPECT_THAT(stored, HasSubstr("planwright: " + std::to_string(end.leftOutBytes) + " bytes are"));
  EXPECT_THAT(stored, EndsWith(text.substr(text.size() - 64 * 1024)));
  EXPECT_EQ(readAll(end.rest.get()), text.substr(1000));
}

TEST(AttemptLog, HidesSecretsBeforeTheyAreStored) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  AttemptLog log(writer, folder / "7");
  log.hide("hunter2!\n");
  const int fd = log.outputFd();
  writeAll(fd, "password=hun");
  while (log.receivedBytes() < 12) std::this_thread::yield();
  writeAll(fd, "ter2! and hunt");
  log.finish();
  EXPECT_EQ(textOf(folder / "7"), "password=*** and hunt");
}

TEST(AttemptLog, SaysThatItCouldNotBeWritten) {
  const TempFolder folder;
  LogWriter writer(folder.path());
  AttemptLog log(writer, folder / "no/such/folder");
  writeAll(log.outputFd(), "lost\n");
  EXPECT_THROW(log.finish(), std::runtime_error);
}

TEST(SecretMask, FindsSecretsHoweverTheTextIsCut) {
  const std::string text = "abcabcd--abcdefgh-abcde abcabcdabcd-xyz";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    SecretMask mask;
    for (const char* secret : {"abcd", "abcdefgh", "-xyzzy", "abc"}) mask.add(secret);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += size) out += mask.feed(text.substr(at, size));
    out += mask.rest();
    EXPECT_EQ(out, "abc***--***-***e abc******-xyz") << size;
  }
}

TEST(AnsiFilter, TakesOutSequencesThatAreCutBetweenPieces) {
  AnsiFilter filter;
  std::string out;
  for (const char* piece : {"a\x1b[3", "1mred\x1b]0;title\x07!\x1b", "[0m."})
    out += filter.feed(piece);
  EXPECT_EQ(out, "ared!.");
}

TEST(AnsiFilter, TakesOutEveryKindOfSequence) {
  const auto plain = [](std::string_view text) { return AnsiFilter().feed(text); };
  EXPECT_EQ(plain("a\x1b(Bb\x1b)0c\x1b=d\x1b#8e\x1b[?25hf\x1b[1;2 qg"), "abcdefg");
  EXPECT_EQ(plain("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 b"), "alink b");
  EXPECT_EQ(plain("a\x1bPdevice\x1b\\b\x1b_app\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e"), "abcde");
  EXPECT_EQ(plain("a\x1b]0;open\x1b[31mred"), "ared") << "another sequence ends the string";
  EXPECT_EQ(plain("a\x1b[3\nb\x1b[3\xC3\xA9"), "a\nb\xC3\xA9");
}

TEST(AnsiFilter, LeavesATerminalNothingButColours) {
  using Keep = AnsiFilter::Keep;
  const std::string hostile =
      "\x1b]52;c;aGk=\x07\x1b]0;title\x07\x1b[6n\x1b[5n\x1b[c\x1b[2J\x1b[1;31mred\x1b[0m\x1b[>4;"
      "2m\x07\b\r"
      "\x1b[38:2::1:2:3mtrue\xC2\x9B"
      "31m \xC2\xA9\t.";
  EXPECT_EQ(AnsiFilter(Keep::Colours).feed(hostile),
            "\x1b[1;31mred\x1b[0m\x1b[38:2::1:2:3mtrue31m \xC2\xA9\t.");
  EXPECT_EQ(AnsiFilter(Keep::Plain).feed(hostile), "redtrue31m \xC2\xA9\t.");
}

}  // namespace
}  // namespace planwright::log_reader_test
