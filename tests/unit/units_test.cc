#include "config/units.h"

#include <gtest/gtest.h>

namespace planwright::units_test {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsNeedAUnit) {
  EXPECT_EQ(*parseDuration("500ms"), 500ms);
  EXPECT_EQ(*parseDuration("2s"), 2s);
  EXPECT_EQ(*parseDuration("10min"), 10min);
  EXPECT_EQ(*parseDuration("1.5h"), 90min);
  EXPECT_EQ(*parseDuration("30d"), 720h);
  EXPECT_EQ(*parseDuration("0"), 0ms);
  for (const char* wrong : {"2", "", "s", "-1s", "1e3s", "2 weeks", "inf", "99999d"})
    EXPECT_FALSE(parseDuration(wrong)) << wrong;
}

TEST(Units, SizesAreBytesUnlessTheyNameAUnit) {
  EXPECT_EQ(*parseSize("4096"), 4096);
  EXPECT_EQ(*parseSize("512MiB"), 512ll << 20);
  EXPECT_EQ(*parseSize("2GB"), 2'000'000'000);
  EXPECT_EQ(*parseSize("1.5 KiB"), 1536);
  for (const char* wrong : {"", "MiB", "-1", "1XB", "99999999999TiB"})
    EXPECT_FALSE(parseSize(wrong)) << wrong;
}

}  // namespace
}  // namespace planwright::units_test
