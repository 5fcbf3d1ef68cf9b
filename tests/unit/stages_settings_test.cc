#include <gtest/gtest.h>

#include "stages/registry.h"

namespace planwright::stages_settings_test {
namespace {

constexpr const char* kSchema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {
    "path": {"type": "string"},
    "python": {"type": "integer", "default": 311, "minimum": 38},
    "retry": {"type": "object", "default": {}, "properties": {"attempts": {"type": "integer", "default": 3}}}
  }})";

TEST(Settings, MissingOnesGetTheirDefaultsAlsoInNestedObjects) {
  const auto filled = settingsWithDefaults(kSchema, R"({"path":"/srv"})");
  ASSERT_TRUE(filled) << filled.error().message;
  EXPECT_EQ(*filled, R"({"path":"/srv","python":311,"retry":{"attempts":3}})");
}

TEST(Settings, GivenOnesStay) {
  EXPECT_EQ(*settingsWithDefaults(kSchema, R"({"path":"","python":40,"retry":{"attempts":0}})"),
            R"({"path":"","python":40,"retry":{"attempts":0}})");
}

TEST(Settings, AMistakeIsNamedByItsPointer) {
  EXPECT_EQ(settingsWithDefaults(kSchema, R"({"path":"/","python":"3"})").error().pointer,
            "/python");
  EXPECT_EQ(settingsWithDefaults(kSchema, R"({"path":"/","pyton":3})").error().pointer, "/pyton");
  EXPECT_NE(settingsWithDefaults(kSchema, "").error().message.find("\"path\" is missing"),
            std::string::npos);
  EXPECT_FALSE(settingsWithDefaults(kSchema, "[]"));
}

TEST(Settings, WithoutASchemaEverythingIsAllowed) {
  EXPECT_EQ(*settingsWithDefaults("{}", ""), "{}");
}

}  // namespace
}  // namespace planwright::stages_settings_test
