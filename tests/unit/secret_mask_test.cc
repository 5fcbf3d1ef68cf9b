#include "base/secret_mask.h"

#include <gtest/gtest.h>

namespace planwright::secret_mask_test {
namespace {

TEST(SecretMask, HidesEverySecretWhereverItStands) {
  SecretMask mask;
  EXPECT_EQ(mask.without("nothing is secret"), "nothing is secret");
  mask.add("abcd");
  mask.add("abcdef");
  EXPECT_EQ(mask.without("abcdef, abcd and xabcdx, abcde"), "***, *** and x***x, ***e");
}

TEST(SecretMask, HidesWhatJsonMakesOfIt) {
  SecretMask mask;
  mask.add("a\"b\nc\n");
  EXPECT_EQ(mask.without(R"({"said":"it is a\"b\nc"})"), R"({"said":"it is ***"})");
  EXPECT_EQ(mask.without("it is a\"b\nc"), "it is ***");
}

TEST(SecretMask, KeepsWhatItHoldsBackFromOtherTexts) {
  SecretMask mask;
  mask.add("abcd");
  EXPECT_EQ(mask.feed("see ab"), "see ");
  EXPECT_EQ(mask.without("cd and abcd"), "cd and ***");
  EXPECT_EQ(mask.feed("c"), "");
  EXPECT_EQ(mask.rest(), "abc");
}

TEST(SecretMask, LeavesShortOnesAlone) {
  SecretMask mask;
  mask.add("");
  mask.add("abc\n");
  EXPECT_EQ(mask.without("abc"), "abc");
}

}  // namespace
}  // namespace planwright::secret_mask_test
