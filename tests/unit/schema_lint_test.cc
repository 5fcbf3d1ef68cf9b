#include "trial/schema_lint.h"

#include <gtest/gtest.h>

namespace planwright::schema_lint_test {
namespace {

/// "pointer: message" of the only remark about a setting with this schema.
std::string about(const std::string& setting) {
  const auto remarks = lintSchema(
      R"({"type":"object","additionalProperties":false,"properties":{"a":)" + setting + "}}");
  if (remarks.empty()) return "";
  return remarks.size() > 1 ? "several" : remarks[0].pointer + ": " + remarks[0].message;
}

TEST(SchemaLint, IsSilentAboutAGoodSchema) {
  EXPECT_EQ(about(R"({"type":"integer","minimum":1,"maximum":3,"default":2})"), "");
  EXPECT_EQ(about(R"({"type":"string","x-secret":true})"), "");
  EXPECT_EQ(about(R"({"type":["string","null"],"maxLength":3})"), "");
  EXPECT_TRUE(lintSchema("{}").empty());
}

TEST(SchemaLint, TellsOfDefaultsAndValuesThatDoNotFit) {
  EXPECT_EQ(about(R"({"type":"integer","default":"2"})").rfind("/properties/a/default: ", 0), 0u);
  EXPECT_EQ(about(R"({"type":"integer","enum":[1,"2"]})").rfind("/properties/a/enum: ", 0), 0u);
}

TEST(SchemaLint, TellsOfSecretsThatAreNone) {
  EXPECT_EQ(about(R"({"type":"integer","x-secret":true})"),
            "/properties/a: a secret is text; say \"type\": \"string\"");
  EXPECT_EQ(
      about(R"({"type":"string","x-secret":true,"default":"x"})").rfind("/properties/a/def", 0),
      0u);
}

TEST(SchemaLint, TellsOfAFormatThatNobodyChecks) {
  EXPECT_EQ(about(R"({"type":"string","x-format":"glob"})"), "");
  EXPECT_EQ(about(R"({"type":"string","x-format":"globe"})"),
            "/properties/a/x-format: it is \"glob\" or \"duration\"; a host ignores all others");
}

TEST(SchemaLint, TellsOfRulesThatDoNothing) {
  EXPECT_EQ(about(R"({"title":"A"})"), "/properties/a: it accepts anything; give it a \"type\"");
  EXPECT_EQ(about(R"({"type":"integer","minLength":2})").rfind("/properties/a/minLength: ", 0), 0u);
  EXPECT_EQ(about(R"({"type":"integer","minimum":5,"maximum":2})"),
            "/properties/a: nothing fits: minimum is above maximum");
  EXPECT_EQ(about(R"({"type":"object","properties":{}})").rfind("/properties/a: a mistyped", 0),
            0u);
}

TEST(SchemaLint, GivesTheOneRemarkOfASchemaThatAHostRefuses) {
  EXPECT_EQ(about(R"({"type":"integer","minimun":2})").rfind("/properties/a/minimun: ", 0), 0u);
}

}  // namespace
}  // namespace planwright::schema_lint_test
