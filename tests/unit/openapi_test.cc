#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"

namespace planwright::openapi_test {
namespace {

/// Every object of a schema at or below `at` that does not say whether it may have more members.
void collectOpenEnds(const JsonValue& at, const std::string& place, std::vector<std::string>& out) {
  if (at.IsArray()) {
    for (rapidjson::SizeType i = 0; i < at.Size(); ++i)
      collectOpenEnds(at[i], place + "/" + std::to_string(i), out);
    return;
  }
  if (!at.IsObject()) return;
  const JsonValue* properties = find(at, "properties");
  const JsonValue* type = find(at, "type");
  const bool isObject = (type && type->IsString() && type->GetString() == std::string("object")) ||
                        (properties && properties->IsObject());
  if (isObject && !find(at, "additionalProperties")) out.push_back(place);
  for (const auto& member : at.GetObject())
    if (member.name != "example")
      collectOpenEnds(member.value, place + "/" + member.name.GetString(), out);
}

// A member that an answer has and the document does not was found in some schemas only.
TEST(Openapi, EverySchemaOfAnAnswerSaysWhetherItMayHaveMoreMembers) {
  const auto document = parseJson(readFile(SOURCE_DIR "/host/http/openapi.json"));
  ASSERT_TRUE(document) << document.error().message;
  std::vector<std::string> open;
  collectOpenEnds(*find(*document, "components"), "/components", open);
  for (const auto& path : find(*document, "paths")->GetObject())
    for (const auto& operation : path.value.GetObject())
      if (const JsonValue* answers =
              operation.value.IsObject() ? find(operation.value, "responses") : nullptr)
        collectOpenEnds(*answers, path.name.GetString(), open);
  EXPECT_THAT(open, testing::IsEmpty()) << "write \"additionalProperties\": false, or true where "
                                           "others decide what is in it";
}

}  // namespace
}  // namespace planwright::openapi_test
