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

TEST(Glob, ClassesAndQuestionMarks) {
  EXPECT_TRUE(globMatches("[a-c]?.x", "b1.x"));
  EXPECT_FALSE(globMatches("[!a-c]?.x", "b1.x"));
  EXPECT_TRUE(globMatches("[", "["));
}

TEST(Glob, StaysQuickOnHostilePatterns) {
  EXPECT_FALSE(globMatches("*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace planwright::glob_test
