#include "workers/claimer.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/unavailable.h"
#include "support/fake_clock.h"
#include "workers/prefetch.h"

namespace planwright::claimer_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The lists in memory; `isAway` makes every call fail as a lost Redis does.
class MemoryTickets final : public Tickets {
 public:
  std::int64_t push(const std::string&, const std::vector<std::int64_t>& ids) override {
    check();
    list.insert(list.end(), ids.begin(), ids.end());
    return static_cast<std::int64_t>(list.size());
  }
  void putBack(const std::string&, const std::vector<std::int64_t>& ids) override {
    check();
    list.insert(list.begin(), ids.begin(), ids.end());
  }
  std::vector<std::int64_t> pop(const std::string&, std::size_t max,
                                std::chrono::milliseconds) override {
    check();
    std::vector<std::int64_t> ids;
    for (; !list.empty() && ids.size() < max; list.pop_front()) ids.push_back(list.front());
    return ids;
  }
  std::int64_t length(const std::string&) override {
    return static_cast<std::int64_t>(list.size());
  }
  std::vector<std::int64_t> all(const std::string&) override { return {list.begin(), list.end()}; }

  std::deque<std::int64_t> list;
  bool isAway = false;

 private:
  void check() const {
    if (isAway) throw Unavailable("Redis is away");
  }
};

struct ClaimerTest : testing::Test, ClaimPort {
  ClaimerTest() {
    auto owned = std::make_unique<MemoryTickets>();
    tickets = owned.get();
    membership.become(1);
    claimer = std::make_unique<Claimer>("plan_queue", std::move(owned), membership, *this);
  }
  std::size_t room(const std::stop_token&) override { return free; }
  std::size_t roomNow() override { return freeNow.value_or(free); }
  void setDry(bool now) override { isDry = now; }
  std::vector<std::int64_t> due(std::size_t limit) override {
    EXPECT_EQ(limit, free);
    return dueNow;
  }
  SourceTurns::Turn turns(std::vector<std::int64_t> ids) override { return {std::move(ids), {}}; }
  std::size_t claim(const std::vector<std::int64_t>& ids) override {
    if (mayClaim) claimed = ids;
    return mayClaim ? ids.size() : 0;
  }
  bool isOpen() override { return mayClaim; }
  void waitForCommit(std::chrono::milliseconds, const std::stop_token&) override {}

  Membership membership;
  MemoryTickets* tickets = nullptr;
  std::unique_ptr<Claimer> claimer;
  std::size_t free = 2;
  bool mayClaim = true;
  std::optional<std::size_t> freeNow;
  bool isDry = false;
  std::vector<std::int64_t> dueNow, claimed;
};

TEST_F(ClaimerTest, TakesNoMoreTicketsThanThereIsRoom) {
  tickets->list = {7, 8, 9};
  claimer->step({});
  EXPECT_THAT(claimed, ElementsAre(7, 8));
  EXPECT_THAT(tickets->list, ElementsAre(9));
}

TEST_F(ClaimerTest, PutsTicketsBackWhenTheirRoomWasTakenMeanwhile) {
  tickets->list = {7, 8, 9};
  freeNow = 1;
  claimer->step({});
  EXPECT_THAT(claimed, ElementsAre(7));
  EXPECT_THAT(tickets->list, ElementsAre(8, 9));
}

TEST_F(ClaimerTest, SaysWhetherAnybodyWaitsInTheQueue) {
  claimer->step({});
  EXPECT_TRUE(isDry);
  tickets->list = {7};
  claimer->step({});
  EXPECT_FALSE(isDry);
  claimer->step({});
  EXPECT_TRUE(isDry);
  tickets->isAway = true;
  claimer->step({});
  EXPECT_FALSE(isDry) << "without Redis nobody knows";
}

TEST_F(ClaimerTest, LooksIntoPostgresWhenNoTicketComes) {
  dueNow = {5};
  for (int i = 0; i < 5; ++i) claimer->step({});
  EXPECT_THAT(claimed, ElementsAre(5));
}

TEST_F(ClaimerTest, GoesOnWithoutRedis) {
  tickets->isAway = true;
  dueNow = {5, 6};
  claimer->step({});
  EXPECT_THAT(claimed, ElementsAre(5, 6));
}

TEST_F(ClaimerTest, LeavesTheTicketsOfAPausedStageWhereTheyAre) {
  tickets->list = {7, 8};
  mayClaim = false;
  for (int i = 0; i < 10; ++i) claimer->step({});
  EXPECT_THAT(tickets->list, ElementsAre(7, 8));
  mayClaim = true;
  for (int i = 0; i < 2; ++i) claimer->step({});
  EXPECT_THAT(claimed, ElementsAre(7, 8));
}

TEST_F(ClaimerTest, TakesNothingWhileTheLeaseIsNotCertain) {
  tickets->list = {7};
  membership.suspend();
  claimer->step({});
  EXPECT_THAT(claimed, IsEmpty());
  EXPECT_THAT(tickets->list, ElementsAre(7));
}

TEST(Prefetch, HoldsOnlyAsManyAsWorkersWhenItemsAreSlow) {
  Prefetch prefetch(std::chrono::milliseconds(50));
  EXPECT_EQ(prefetch.target(4), 4u) << "nothing is known yet";
  prefetch.finished(std::chrono::seconds(2));
  EXPECT_EQ(prefetch.target(4), 4u);
}

TEST(Prefetch, HoldsWhatTheWorkersGetThroughInAMomentWhenItemsAreQuick) {
  Prefetch prefetch(std::chrono::milliseconds(50));
  prefetch.finished(std::chrono::milliseconds(5));
  EXPECT_EQ(prefetch.target(4), 40u);
  prefetch.finished(std::chrono::seconds(5));
  EXPECT_EQ(prefetch.target(4), 4u) << "one slow item ends it";
}

TEST(Prefetch, NeverHoldsMoreThanAGroupIsWorth) {
  Prefetch prefetch(std::chrono::milliseconds(50));
  prefetch.finished(std::chrono::microseconds(0));
  EXPECT_EQ(prefetch.target(4), Prefetch::kMost);
}

}  // namespace
}  // namespace planwright::claimer_test
