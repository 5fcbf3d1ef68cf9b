#include "base/schema_pattern.h"

#include <string>

#include <gtest/gtest.h>

#include "base/json.h"

namespace planwright::schema_pattern_test {
namespace {

TEST(SchemaPattern, IsRefusedIfTheEngineReadsItOtherwise) {
  for (const char* pattern :
       {"",       "^$",   "(",       ")",     "a)",    "(|a)",    "*",
        "+a",     "[",    "[]",      "[^]",   "[a",    "a{",      "a{x}",
        "a{2,1}", "a{0}", "a{5001}", "(a*)*", "(a?)+", "(a?|b?)", "\\d",
        "[\\-]",  "\\",   "a^b",     "a$b",   "^a|b$", "(?:a)",   "((a{100}){100}){100}"})
    EXPECT_FALSE(checkPattern(pattern)) << pattern;
  EXPECT_FALSE(checkPattern(std::string(100'000, '(')));
}

TEST(SchemaPattern, FindsWhatItSays) {
  const auto matches = [](const char* pattern, std::string_view text) {
    JsonWriter rule;
    rule.object().member("pattern", pattern).end();
    const auto schema = JsonSchema::compile(rule.take());
    EXPECT_TRUE(schema) << pattern;
    return schema && schema->validate(JsonValue(rapidjson::StringRef(text.data(), text.size())));
  };
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_FALSE(matches("^b", "abc"));
  EXPECT_TRUE(matches("^(a|b)*$", "abba"));
  EXPECT_FALSE(matches("^(a|b)*$", "abc"));
  EXPECT_TRUE(matches("^[0-9a-f]{4}$", "09af"));
  EXPECT_FALSE(matches("^[0-9a-f]{4}$", "09afa"));
  EXPECT_TRUE(matches("^a{2,}[.]?$", "aaa."));
  EXPECT_TRUE(matches("^a\\$$", "a$"));
  EXPECT_TRUE(matches("^[^\\]]+$", "abc"));
}

}  // namespace
}  // namespace planwright::schema_pattern_test
