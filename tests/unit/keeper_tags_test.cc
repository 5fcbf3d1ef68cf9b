#include "base/keeper_tags.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/keeper_protocol.h"

namespace planwright {
namespace {

TEST(RunTag, IsFoundAgainInALimit) {
  const RunTag tag(0x2ABCDEF1, 0xFFFFFFFF);
  RunTag read(0, 0);
  ASSERT_TRUE(RunTag::read(tag.value(), read));
  EXPECT_EQ(read.family(), 0x2ABCDEF1U);
  EXPECT_EQ(read.run(), 0xFFFFFFFFU);
}

TEST(RunTag, IsNotSeenInUsualLimits) {
  RunTag read(0, 0);
  EXPECT_FALSE(RunTag::read(0, read));
  EXPECT_FALSE(RunTag::read(~std::uint64_t{0}, read));  // unlimited
  EXPECT_FALSE(RunTag::read(200'000, read));
  EXPECT_TRUE(taggedAmong({::getpid()}, 1).empty());
}

TEST(LastPid, IsOneThatWasGivenOut) {
  EXPECT_GT(LastPid().read(), 0);
}

TEST(ProgramText, ComesApartAsItWasPutTogether) {
  ProgramSpec spec;
  spec.argv = {"a", "", "c"};
  spec.env = {"E=1"};
  spec.cwd = "/x";
  Result<std::string> text = programText(spec);
  ASSERT_TRUE(text);
  const Result<ProgramWords> words = splitProgramText(*text, 3, 1);
  ASSERT_TRUE(words);
  EXPECT_STREQ(words->cwd, "/x");
  EXPECT_STREQ(words->argv[1], "");
  EXPECT_EQ(words->argv[3], nullptr);
  EXPECT_STREQ(words->env[0], "E=1");
  EXPECT_FALSE(splitProgramText(*text, 4, 1));
  EXPECT_FALSE(splitProgramText(std::span(*text).first(3), 1, 0));
}

}  // namespace
}  // namespace planwright
