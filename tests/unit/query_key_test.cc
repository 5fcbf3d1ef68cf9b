#include "control/query_key.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace planwright::query_key_test {
namespace {

// Values stood between line ends, and \1 for one that was not given: people may write both.
TEST(QueryKey, DifferentValuesHaveDifferentKeys) {
  const std::vector<std::optional<std::string>> texts = {
      std::nullopt, "", "-", "\1", "\n", "\n\1", "1:a", "a", "\1\n\1", "--", "-1:a-", "0:"};
  std::set<std::string> keys;
  std::size_t asked = 0;
  for (const auto& first : texts)
    for (const auto& second : texts)
      for (const auto& third : texts)
        for (const int number : {1, 11}) {
          keys.insert(queryKey(number, first, second, third, number));
          ++asked;
        }
  EXPECT_EQ(keys.size(), asked);
}

}  // namespace
}  // namespace planwright::query_key_test
