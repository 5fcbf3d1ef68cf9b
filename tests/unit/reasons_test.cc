#include "control/reasons.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "base/embedded_files.h"

namespace planwright::reasons_test {
namespace {

TEST(Reasons, AreThoseOfTheDocument) {
  const auto document = parseJson(embeddedFiles().at("host/http/openapi.json"));
  ASSERT_TRUE(document);
  const JsonValue* at = &*document;
  for (const char* key : {"components", "schemas", "Reason", "properties", "code", "enum"})
    ASSERT_TRUE(at = find(*at, key)) << key;
  std::vector<std::string> documented, known;
  for (const auto& code : at->GetArray()) documented.emplace_back(code.GetString());
  for (const auto& reason : reasonCodes()) known.emplace_back(reason.code);
  EXPECT_EQ(known, documented);
}

TEST(Reasons, AnUnknownCodeIsShownAsInternal) {
  JsonWriter json;
  writeReason(json, {"weird", "It broke.", "", "2026-01-31T12:00:00.000Z"});
  EXPECT_EQ(json.take(), R"({"code":"internal","message":"It broke.","hint":null,)"
                         R"("since":"2026-01-31T12:00:00.000Z"})");
}

TEST(Reasons, HintsNameTheButton) {
  EXPECT_EQ(failureHint("timeout", "Requeue"),
            "Raise the time limit or make the work smaller, then press Requeue.");
  EXPECT_EQ(failureHint("weird", "Enqueue build"), "Press Enqueue build to try again.");
}

TEST(Times, OfPostgresAreCutToMilliseconds) {
  EXPECT_EQ(rfc3339("2026-11-30 16:58:12.123999+00"), "2026-11-30T16:58:12.123Z");
  EXPECT_EQ(rfc3339("2026-11-30 16:58:12.5+00"), "2026-11-30T16:58:12.500Z");
  EXPECT_EQ(rfc3339("2026-11-30 16:58:12+00"), "2026-11-30T16:58:12.000Z");
  EXPECT_EQ(rfc3339("-infinity"), "");
  EXPECT_EQ(rfc3339("infinity"), "");
  EXPECT_EQ(rfc3339(""), "");
}

}  // namespace
}  // namespace planwright::reasons_test
