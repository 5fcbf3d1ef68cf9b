#include "base/json.h"

#include <gtest/gtest.h>

namespace planwright {
namespace {

TEST(Json, NamesThePlaceOfASyntaxError) {
  const auto parsed = parseJson("{\"a\": 1,\n \"b\": }");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("line 2"), std::string::npos) << parsed.error().message;
}

TEST(Json, RefusesDeepNestingInsteadOfCrashing) {
  const std::string deep(1'000'000, '[');
  const auto parsed = parseJson(deep);
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("deeper than 64"), std::string::npos);
}

TEST(Json, RefusesDuplicateKeysAndInvalidUtf8) {
  EXPECT_FALSE(parseJson("{\"a\":1,\"a\":2}"));
  EXPECT_FALSE(parseJson("\"\xff\""));
}

// Vectors of RFC 8785, section 3.2.2 and appendix B.
TEST(Json, CanonicalFormFollowsRfc8785) {
  const auto parsed = parseJson(R"({"peach":1,"\u20ac":2,"10":{"b":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"a":-0.0}})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(canonicalJson(*parsed),
            R"({"10":{"a":0,"b":[333333333.3333333,1e+30,4.5,0.002,1e-27]},"peach":1,"€":2})");
}

TEST(Json, SchemaNamesTheMemberThatIsWrong) {
  const auto schema = JsonSchema::compile(R"({"type":"object","additionalProperties":false,"required":["id"],"properties":{"id":{"type":"string"},"n":{"type":"integer"}}})");
  ASSERT_TRUE(schema);
  const auto check = [&](const char* text) {
    const auto document = parseJson(text);
    const auto result = schema->validate(*document);
    return result ? std::string("ok") : result.error().pointer + " " + result.error().message;
  };
  EXPECT_EQ(check(R"({"id":"a","n":1})"), "ok");
  EXPECT_NE(check(R"({"n":1})").find("\"id\" is missing"), std::string::npos);
  EXPECT_NE(check(R"({"id":"a","x":1})").find("/x"), std::string::npos);
  EXPECT_NE(check(R"({"id":"a","n":"1"})").find("/n"), std::string::npos);
}

TEST(Json, SchemaWithAnUnknownKeywordIsRefusedRatherThanIgnored) {
  EXPECT_FALSE(JsonSchema::compile(R"({"properties":{"x":{"const":5}}})"));
  EXPECT_FALSE(JsonSchema::compile(R"({"pattern":"^\\d+$"})"));
}

TEST(Json, MergePatchFollowsRfc7396) {
  EXPECT_EQ(mergePatch(R"({"a":"b","c":{"d":"e","f":"g"}})", R"({"a":"z","c":{"f":null}})"), R"({"a":"z","c":{"d":"e"}})");
}

}  // namespace
}  // namespace planwright
