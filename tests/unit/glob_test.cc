#include "base/glob.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::glob_test {
namespace {

TEST(Glob, MatchesTheBaseNameWhenThePatternHasNoSlash) {
  EXPECT_TRUE(globMatches("requirements*.txt", "team/requirements-dev.txt"));
  EXPECT_FALSE(globMatches("requirements*.txt", "requirements/readme.md"));
}

TEST(Glob, StarStopsAtASlashAndTwoStarsCrossIt) {
  EXPECT_FALSE(globMatches("a/*.txt", "a/b/c.txt"));
  EXPECT_TRUE(globMatches("a/**/*.txt", "a/b/c.txt"));
  EXPECT_TRUE(globMatches("a/**/*.txt", "a/c.txt"));
  EXPECT_TRUE(globMatches("a/**", "a/b/c.txt"));
  EXPECT_TRUE(globMatches("**c/d", "a/bc/d"));
}

TEST(Glob, TwoStarsAndASlashAreWholeFolders) {
  for (const char* path : {"a.txt", "x/a.txt", "x/y/a.txt"})
    EXPECT_TRUE(globMatches("**/a.txt", path)) << path;
  for (const char* path : {"ba.txt", "x/ba.txt", "x/a.txt/b"})
    EXPECT_FALSE(globMatches("**/a.txt", path)) << path;
  EXPECT_TRUE(globMatches("x/**/y/*.c", "x/1/2/y/m.c"));
  EXPECT_FALSE(globMatches("x/**/y/*.c", "x/1/zy/m.c"));
}

TEST(Glob, TwoStarsAreAnyNumberOfFolders) {
  for (const char* path : {"a.txt", "x/a.txt", "x/y/a.txt"})
    EXPECT_TRUE(globMatches("**", path)) << path;
  EXPECT_FALSE(globMatches("x/**/a.txt", "y/x/a.txt"));
  EXPECT_TRUE(globMatches("**/x/*/y/**", "1/x/2/x/3/y/z"));
  EXPECT_FALSE(globMatches("x/**/y", "x/a/b"));
}

TEST(Glob, ASlashTiesThePatternToTheTop) {
  EXPECT_TRUE(globMatches("/*.txt", "a.txt"));
  EXPECT_FALSE(globMatches("/*.txt", "team/a.txt"));
  EXPECT_FALSE(globMatches("team/*.txt", "other/team/a.txt"));
  EXPECT_TRUE(globMatches("*", ".ci/a"));
}

TEST(Glob, AnOutputWithoutASlashIsAtTheTop) {
  EXPECT_TRUE(outputMatches("*.txt", "out.txt"));
  EXPECT_FALSE(outputMatches("*.txt", "sub/out.txt"));
  EXPECT_TRUE(outputMatches("**/*.txt", "sub/out.txt"));
  EXPECT_TRUE(outputMatches("**", "out.txt"));
  EXPECT_TRUE(outputMatches("**", "a/b/out.txt"));
  EXPECT_TRUE(outputMatches("a/**", "a/b/out.txt"));
  EXPECT_FALSE(outputMatches("out**", "a/out.txt"));
}

TEST(Glob, ClassesAndQuestionMarks) {
  EXPECT_TRUE(globMatches("team/?[0-9].txt", "team/a1.txt"));
  EXPECT_FALSE(globMatches("team/?[!0-9].txt", "team/a1.txt"));
  EXPECT_FALSE(globMatches("team?a.txt", "team/a.txt"));
  EXPECT_TRUE(globMatches("[a-c]?.x", "b1.x"));
  EXPECT_FALSE(globMatches("[!a-c]?.x", "b1.x"));
  EXPECT_TRUE(globMatches("[", "["));
}

TEST(Glob, APatternIsRefusedWithASentence) {
  const std::map<std::string, std::string> wrong = {
      {"", "is empty"},
      {"[", "that no ] closes"},
      {"a[b", "that no ] closes"},
      {"[a-", "that no ] closes"},
      {"[]", "without a character"},
      {"[!]", "without a character"},
      {"[^]", "without a character"},
      {"[]a", "without a character"},
      {"[c-a]", "ends before it begins"},
      {"[!z-a]", "ends before it begins"},
      {"x[a-cz-y]", "ends before it begins"},
      {"[\u00e4]", "not ASCII"},
      {"[a-\u00e4]", "not ASCII"},
      {"a\\", "write [*] for a * itself"},
      {"a\\*.txt", "write [*] for a * itself"},
  };
  for (const auto& [pattern, why] : wrong)
    EXPECT_NE(whyNotGlob(pattern).find(why), std::string::npos)
        << pattern << ": " << whyNotGlob(pattern);
}

// A range was looked for wherever a - stood, so that some of these were refused.
TEST(Glob, APatternThatIsAcceptedMeansWhatTheMatcherTakesItFor) {
  const std::map<std::string, std::string> fits = {
      // each of these characters, and no other
      {"[a-c-a]", "-abc"}, {"[-a]", "-a"},   {"[a-]", "-a"},         {"[]]", "]"}, {"[]a]", "]a"},
      {"[[]", "["},        {"[a-c]", "abc"}, {"[a-ce-g]", "abcefg"}, {"[*]", "*"}, {"[\\]", "\\"},
      {"[a-a]", "a"},      {"[--0]", "-.0"}, {"[+--]", "+,-"}};
  for (const auto& [pattern, characters] : fits) {
    EXPECT_EQ(whyNotGlob(pattern), "") << pattern;
    std::string found;
    for (char c = ' '; c < 127; ++c)
      if (c != '/' && globMatches(pattern, std::string(1, c))) found += c;
    EXPECT_THAT(found, testing::UnorderedElementsAreArray(characters)) << pattern;
  }
  for (const char* pattern : {"*", "**", "**/*.txt", "/a", "a?b", "[!]]", "[!a-c]x", "a-b", "]"})
    EXPECT_EQ(whyNotGlob(pattern), "") << pattern;
}

TEST(Glob, StaysQuickOnHostilePatterns) {
  EXPECT_FALSE(globMatches("*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace planwright::glob_test
