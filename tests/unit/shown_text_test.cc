#include "base/shown_text.h"

#include <gtest/gtest.h>

namespace planwright::shown_text_test {
namespace {

TEST(ShownText, IsOnOneLineAndDrivesNoTerminal) {
  EXPECT_EQ(shownText("plain name.txt"), "plain name.txt");
  EXPECT_EQ(shownText("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(shownText("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(shownText(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(shownText("\xC2\x9B"
                      "31m"),
            "\\u009b31m")
      << "a control of eight bits";
}

TEST(ShownText, LooksLikeWhatItIs) {
  EXPECT_EQ(shownText("invoice\xE2\x80\xAE"
                      "fdp.exe"),
            "invoice\\u202efdp.exe");
  EXPECT_EQ(shownText("a\xE2\x81\xA6"
                      "b\xE2\x80\x8B"),
            "a\\u2066b\\u200b");
  EXPECT_EQ(shownText("a\xF3\xA0\x80\x81"), "a\\U000e0001");
}

TEST(ShownText, LeavesTheWordsOfAllLanguages) {
  for (const char* text : {"\xC3\xA9t\xC3\xA9", "\xD7\xA9\xD7\x9C", "\xF0\x9F\x8E\x89",
                           "\xD9\x85\xE2\x80\x8C\xD9\x85"})
    EXPECT_EQ(shownText(text), text);
}

TEST(ShownText, ShowsBytesThatAreNoText) {
  EXPECT_EQ(shownText("caf\xE9"), "caf\\xe9");
  EXPECT_EQ(shownText("\xED\xA0\x80"), "\\xed\\xa0\\x80");
}

}  // namespace
}  // namespace planwright::shown_text_test
