#include "base/glob.h"

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
}

TEST(Glob, ClassesAndQuestionMarks) {
  EXPECT_TRUE(globMatches("team/?[0-9].txt", "team/a1.txt"));
  EXPECT_FALSE(globMatches("team/?[!0-9].txt", "team/a1.txt"));
  EXPECT_FALSE(globMatches("team?a.txt", "team/a.txt"));
  EXPECT_TRUE(globMatches("[a-c]?.x", "b1.x"));
  EXPECT_FALSE(globMatches("[!a-c]?.x", "b1.x"));
  EXPECT_TRUE(globMatches("[", "["));
}

TEST(Glob, StaysQuickOnHostilePatterns) {
  EXPECT_FALSE(globMatches("*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace planwright::glob_test
