#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/watching.h"

namespace planwright::watch_progress_test {
namespace {

std::string textOf(const char* json) {
  const auto item = parseJson(json);
  return cli::progressText(*item);
}

TEST(WatchProgress, SaysHowFarACallIs) {
  EXPECT_EQ(textOf(R"({"progress":{"done":2,"total":4,"note":"waits"}})"), "2 of 4: waits");
  EXPECT_EQ(textOf(R"({"progress":{"done":2,"total":null,"note":null}})"), "2");
  EXPECT_EQ(textOf(R"({"progress":{"done":0,"total":null,"note":"unpacks"}})"), "unpacks");
  EXPECT_EQ(textOf(R"({"progress":null})"), "");
  EXPECT_EQ(textOf("{}"), "");
}

}  // namespace
}  // namespace planwright::watch_progress_test
