#include "model/cache_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::cache_key_test {
namespace {

using testing::HasSubstr;

const BuilderIdentity kBuilder{"test 1", "sha256:b", R"({"sandbox":"none","network":false})"};

CacheParts parts(const std::string& specJson, const BuilderIdentity& builder = kBuilder) {
  PlannedJob job;
  job.name = "a";
  job.specJson = specJson;
  job.inputs = {{"in.txt", "", "", "", "text"}};
  job.outputs = {"out.txt"};
  return cacheParts(job, {}, "{}", builder);
}

std::string changed(const CacheParts& now, const CacheParts& before) {
  std::string names;
  for (const auto& each : differences(now, before)) names += each.part + " ";
  return names;
}

TEST(CacheKey, DependsOnWhatTheResultDependsOn) {
  const auto before = parts(R"({"command":"make","env":{"LANG":"C"},"tools":{"gcc":"12"}})");
  EXPECT_EQ(cacheKey(before),
            cacheKey(parts(R"({"tools":{"gcc":"12"},"env":{"LANG":"C"},"command":"make"})")));
  EXPECT_EQ(
      changed(parts(R"({"command":"make x","env":{"LANG":"C"},"tools":{"gcc":"13"}})"), before),
      "command tool:gcc ");
  EXPECT_EQ(changed(parts(R"({"command":"make","env":{"LC":"C"},"tools":{"gcc":"12"}})"), before),
            "env:LC env:LANG ");
  auto builder = kBuilder;
  builder.settingsJson = R"({"sandbox":"require","network":false})";
  builder.digest = "sha256:c";
  EXPECT_EQ(changed(parts(R"({"command":"make","env":{"LANG":"C"},"tools":{"gcc":"12"}})", builder),
                    before),
            "builder sandbox ");
}

TEST(CacheKey, LongValuesAreToldByTheirDigest) {
  const auto long1 = parts("{\"command\":\"" + std::string(500, 'x') + "\"}");
  const auto long2 = parts("{\"command\":\"" + std::string(499, 'x') + "y\"}");
  EXPECT_THAT(long1.at("command"), HasSubstr("sha256:"));
  EXPECT_NE(cacheKey(long1), cacheKey(long2));
}

TEST(CacheKey, TheNearestKeySaysWhatChanged) {
  const auto now = parts(R"({"command":"make","env":{"A":"1","B":"2"}})");
  const std::vector<CacheParts> earlier = {parts(R"({"command":"x","env":{"A":"2","B":"1"}})"),
                                           parts(R"({"command":"make","env":{"A":"1","B":"3"}})")};
  EXPECT_EQ(nearestOf(now, earlier), 1);
  EXPECT_THAT(whyMissed(now, &earlier[1]), HasSubstr("differs in env:B."));
  EXPECT_EQ(nearestOf(now, {}), -1);
  EXPECT_EQ(cachePartsFrom(cachePartsJson(cacheNote("miss", "why", "key", now))), now);
}

}  // namespace
}  // namespace planwright::cache_key_test
