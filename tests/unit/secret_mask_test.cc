#include "base/secret_mask.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/signing_key.h"

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

/// Headers, cookies and dumps show secrets so.
TEST(SecretMask, HidesTheFormsInWhichProgramsPassThemOn) {
  SecretMask mask;
  mask.add("hunter2 & friends/?");
  for (const char* form : {"aHVudGVyMiAmIGZyaWVuZHMvPw==",            // base64
                           "aHVudGVyMiAmIGZyaWVuZHMvPwo=",            // of echo
                           "aHVudGVyMiAmIGZyaWVuZHMvPw",              // of a JWT
                           "68756e74657232202620667269656e64732f3f",  // hexadecimal
                           "hunter2%20%26%20friends%2F%3F", "hunter2%20%26%20friends%2f%3f",
                           "hunter2+%26+friends%2F%3F", "hunter2%20%26%20friends/%3F"}) {
    EXPECT_EQ(mask.without("<" + std::string(form) + ">"), "<***>") << form;
  }
  EXPECT_EQ(mask.without("<68756E74657232202620667269656E64732F3F>"), "<***>");
}

/// `base64`, `openssl base64` and `xxd -p` break what is long into lines.
TEST(SecretMask, HidesWhatIsBrokenIntoLines) {
  std::string secret;
  for (int i = 0; i < 10; ++i) secret += "token-" + std::to_string(i) + "-of-ten ";
  SecretMask mask;
  mask.add(secret);
  const auto inLines = [](std::string text, std::size_t length) {
    for (std::size_t at = length; at < text.size(); at += length + 1) text.insert(at, "\n");
    return text;
  };
  for (const auto& form : {inLines(toBase64(secret), 76), inLines(toBase64(secret + "\n"), 76),
                           inLines(toBase64(secret), 64), inLines(toHex(secret), 60)}) {
    EXPECT_EQ(mask.without("<" + form + "\n>"), "<***\n>") << form;
    std::string shown;
    for (const char c : form + "\n") shown += mask.feed({&c, 1});
    EXPECT_EQ(shown + mask.rest(), "***\n");
  }
}

TEST(SecretMask, HidesASecretInTheMiddleOfBase64) {
  SecretMask mask;
  mask.add("correct-horse-battery");
  for (const char* user : {"", "a", "ab", "abc", "git"}) {
    const std::string shown =
        mask.without("Basic " + toBase64(std::string(user) + ":correct-horse-battery"));
    EXPECT_NE(shown.find("***"), std::string::npos) << shown;
    EXPECT_LT(shown.size(), 6 + 12 + 3U) << shown;
  }
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
