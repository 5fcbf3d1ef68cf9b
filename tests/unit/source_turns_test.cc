#include "workers/source_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planwright::source_turns_test {
namespace {

using testing::ElementsAre;

/// Ids 1.. wait, in the order of `lines`; a claimed one is taken out.
struct SourceTurnsTest : testing::Test, SourceTurns::Doors {
  void wait(const std::string& source, std::int64_t first, int count) {
    for (int i = 0; i < count; ++i) lines.push_back({first + i, source});
  }
  SourceTurns turns(SourceTurns::Weights weights = {}) {
    return SourceTurns(*this, std::move(weights));
  }
  bool doOthersWait(const std::string& source) override {
    ++looks;
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto& item) { return item.source != source; });
  }
  std::vector<QueuedItem> waiting(std::size_t) override { return lines; }
  /// One after another, as seats come free.
  std::vector<std::int64_t> claim(SourceTurns& turns, int count) {
    std::vector<std::int64_t> claimed;
    for (int i = 0; i < count; ++i, now += std::chrono::milliseconds(50)) {
      const auto ids = turns.instead({lines.front().id}, now).claim;
      claimed.push_back(ids.at(0));
      std::erase_if(lines, [&](const auto& item) { return item.id == ids[0]; });
    }
    return claimed;
  }
  std::vector<QueuedItem> lines;
  SteadyTime now{};
  int looks = 0;
};

TEST_F(SourceTurnsTest, OneSourceAloneIsClaimedByItsTickets) {
  wait("a", 1, 1000);
  auto turns = this->turns();
  EXPECT_THAT(claim(turns, 3), ElementsAre(1, 2, 3));
  for (int i = 0; i < 100; ++i) turns.instead({5}, now);
  EXPECT_LT(looks, 5) << "not for each claim";
}

TEST_F(SourceTurnsTest, AFloodDoesNotKeepAnotherSourceWaiting) {
  wait("a", 1, 1000);
  auto turns = this->turns();
  claim(turns, 10);
  wait("b", 5000, 1);
  EXPECT_THAT(claim(turns, 3), ElementsAre(5000, 11, 12));
}

TEST_F(SourceTurnsTest, ATicketWhoseTurnIsLaterIsKeptAndAStaleOneIsNot) {
  wait("a", 1, 3);
  wait("b", 11, 3);
  auto turns = this->turns();
  const auto turn = turns.instead({2, 99}, now);
  EXPECT_THAT(turn.claim, ElementsAre(1, 11));
  EXPECT_THAT(turn.later, ElementsAre(2));
}

TEST_F(SourceTurnsTest, SourcesTakeTurnsByWeight) {
  wait("a", 1, 100);
  wait("b", 1001, 100);
  auto turns = this->turns({{"a", 2}});
  EXPECT_EQ(turns.due(9).size(), 9u);
  const auto ids = turns.due(30);
  EXPECT_EQ(std::count_if(ids.begin(), ids.end(), [](auto id) { return id > 1000; }), 10);
}

}  // namespace
}  // namespace planwright::source_turns_test
