// What `explain` says is what the claims do: random rows, queues and hosts, the real claim in a
// transaction that is rolled back, and both must agree on every item.
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "control/pages.h"
#include "store/pg_array.h"
#include "support/control_fixture.h"

namespace planwright::explain_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kRounds = 40;
constexpr int kItems = 24;

class ExplainTest : public ControlFixture {
 protected:
  struct Kind {
    Listed listed;
    const char *stage, *table, *waiting, *claim;
    std::vector<std::string> statuses;
  };
  static const Kind kInputs, kPlans;

  template <class T>
  T anyOf(std::vector<T> values) {
    return values[std::uniform_int_distribution<std::size_t>(0, values.size() - 1)(random_)];
  }
  std::string anyText(std::vector<std::string> values) { return anyOf(std::move(values)); }

  std::vector<std::string> codes(Listed what, std::int64_t id) {
    return codesOf(parsed(*control_->listings.explain(what, id)));
  }
  static std::vector<std::string> codesOf(const JsonDocument& answer) {
    std::vector<std::string> all;
    for (const auto& item : find(answer, "items")->GetArray()) all.push_back(textOr(item, "code"));
    return all;
  }

  /// kItems inputs with a plan each.
  void makeItems() {
    sql(fmt::format(R"(
      insert into pending_inputs (queue, source, filename, generation, digest, size)
      select 'default', 'test', 'f' || g, 1, 'sha256:0', 1 from generate_series(1, {0}) g;
      insert into plans (queue, pending_input_id, input_fence, filename, plan_digest, summary, job_count, planner)
      select 'default', g, 1, 'f' || g, 'sha256:0', '{{}}', 0, 'test' from generate_series(1, {0}) g)",
                    kItems));
  }
  bool rarely() { return anyOf<int>({0, 0, 0, 0, 0, 0, 0, 1}) == 1; }
  void shuffle(const Kind& kind) {
    std::string text = "delete from instances;";
    for (const char* queue : {"default", "other"})
      text += fmt::format(
          "update queues set auto_plan = {}, auto_build = {}, plan_paused = {}, build_paused = {}, "
          "plan_held = '{}', build_held = '{}', plan_workers = {}, build_workers = {} where name = "
          "'{}';",
          rarely(), rarely(), rarely(), rarely(), rarely() ? "bad" : "", rarely() ? "bad" : "",
          rarely() ? 0 : 2, rarely() ? 0 : 2, queue);
    for (int i = anyOf<int>({0, 2, 3, 4}); i > 0; --i)
      text += fmt::format(
          "insert into instances (data_id, hostname, pid, roles, version, ended_at) values ('x', "
          "'h', 1, '{}', '1', {});",
          anyText({"plan", "build", "api", "api,plan,build"}), anyText({"null", "null", "now()"}));
    for (int id = 1; id <= kItems; ++id)
      text += fmt::format(
          "update {} set status = '{}', queue = '{}', queued_at = {}, not_before = {}, reason_code "
          "= {}, cancel_requested = {}, alone = {}, attempt = 1 where id = {};",
          kind.table, anyOf<int>({0, 1, 1}) == 1 ? kind.waiting : anyOf(kind.statuses),
          anyText({"default", "default", "other", "gone"}),
          anyText({"null", "now()", "now() - interval '1 hour'"}),
          anyText({"'-infinity'", "'-infinity'", "now()", "now() + interval '1 hour'"}),
          anyText({"null", "'worker_lost'"}), rarely(), rarely() && rarely(), id);
    sql(text);
  }
  /// Whom some host of the stage would take, were it offered all.
  std::set<std::int64_t> takenBy(Connection& worker, const Kind& kind) {
    PgArray ids;
    for (std::int64_t id = 1; id <= kItems; ++id) ids.add(id);
    const std::string all = ids.take();
    const Rows hosts = sql(fmt::format(
        "select id from instances where '{}' = any (string_to_array(roles, ','))", kind.stage));
    std::set<std::int64_t> taken;
    for (std::size_t i = 0; i < hosts.size(); ++i)
      for (const char* queue : {"default", "other", "gone"})
        for (const bool alone : {true, false}) {
          const Rows first = worker.runText(fmt::format(
              "select {}_alone('{}')", kind.listed == Listed::Inputs ? "input" : "plan", queue));
          if (!alone && !first.isNull(0, 0))
            continue;  // no other is taken until it has had its turn
          const Transaction never(worker);
          const Rows rows = worker.run(kind.claim, {all, hosts.number(i, 0), queue, alone});
          for (std::size_t r = 0; r < rows.size(); ++r) taken.insert(rows.number(r, 0));
        }
    return taken;
  }
  void compare(const Kind& kind, const std::set<std::int64_t>& taken) {
    const Rows rows = sql(fmt::format("select id, status from {} order by id", kind.table));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto id = rows.number(i, 0);
      SCOPED_TRACE(fmt::format("{} {} {}", kind.stage, id, rows.text(i, 1)));
      const bool isTaken = taken.contains(id);
      const auto answer = parsed(*control_->listings.explain(kind.listed, id));
      EXPECT_EQ(boolOr(answer, "eligible", false), isTaken);
      const auto blockers = codesOf(answer);
      const bool isWaiting = rows.text(i, 1) == kind.waiting;
      if (isWaiting) {
        EXPECT_EQ(blockers.empty(), isTaken);
      }
      EXPECT_THAT(blockers, testing::Not(testing::Contains("stuck")));
      const auto item = parsed(*control_->listings.item(kind.listed, id));
      const JsonValue* reason = find(item, "reason");
      EXPECT_EQ(reason->IsNull() ? "" : textOr(*reason, "code"), !blockers.empty()
                                                                     ? blockers.front()
                                                                 : isWaiting ? "waiting_for_worker"
                                                                             : "");
    }
  }
  void compareRounds(const Kind& kind) {
    const auto worker = database_.dedicated(Workload::Keyed);
    std::size_t taken = 0;
    for (int round = 0; round < kRounds; ++round) {
      SCOPED_TRACE(fmt::format("round {}", round));
      shuffle(kind);
      const auto ids = takenBy(*worker, kind);
      taken += ids.size();
      compare(kind, ids);
    }
    EXPECT_GT(taken, 25U) << "the states hold everything back";
  }

  std::mt19937 random_{20261122};
};

const ExplainTest::Kind ExplainTest::kInputs = {
    Listed::Inputs, "plan",         "pending_inputs",
    "pending",      "claim_inputs", {"planning", "planned", "failed", "superseded", "cancelled"}};
const ExplainTest::Kind ExplainTest::kPlans = {
    Listed::Plans,     "build",       "plans",
    "ready_for_build", "claim_plans", {"building", "built", "failed", "superseded", "cancelled"}};

std::string textAt(const JsonDocument& answer, int index, const char* member) {
  return textOr((*find(answer, "items"))[static_cast<rapidjson::SizeType>(index)], member);
}

TEST_F(ExplainTest, IsEmptyExactlyWhenAWorkerTakesTheInput) {
  makeItems();
  compareRounds(kInputs);
}

TEST_F(ExplainTest, IsEmptyExactlyWhenAWorkerTakesThePlan) {
  makeItems();
  compareRounds(kPlans);
}

TEST_F(ExplainTest, NamesEveryBlockerInOrder) {
  const auto id = upload("a.txt", "1");
  sql("update queues set plan_paused = true, plan_held = 'pip is missing', plan_workers = 0");
  sql("update instances set ended_at = now()");
  sql("update pending_inputs set not_before = now() + interval '1 hour', error = 'Away.'");
  EXPECT_THAT(codes(Listed::Inputs, id), ElementsAre("manual_mode", "queue_held", "queue_paused",
                                                     "limit", "waiting_for_worker", "backoff"));
}

TEST_F(ExplainTest, TellsThePlaceInTheQueue) {
  upload("a.txt", "1");
  const auto second = upload("b.txt", "1");
  for (const auto id : {second - 1, second})
    ASSERT_TRUE(control_->actions.enqueuePlan(id, false, "ann"));
  const auto answer = parsed(*control_->listings.explain(Listed::Inputs, second));
  EXPECT_EQ(numberOr(answer, "position", 0), 2);
  EXPECT_TRUE(boolOr(answer, "eligible", false));
}

TEST_F(ExplainTest, AJobNamesTheJobsItNeeds) {
  const auto plan = planInput(upload("a.txt", "1"), "a b");
  startBuild(plan);
  const Rows job = sql("select id from jobs where name = 'b'");
  const auto answer = parsed(*control_->listings.explain(Listed::Jobs, job.number(0, 0)));
  ASSERT_EQ(find(answer, "items")->Size(), 1U) << "the one it needs is running";
  EXPECT_EQ(textAt(answer, 0, "code"), "waiting_for_needs");
  EXPECT_FALSE(textAt(answer, 0, "since").empty());
  finishBuild(plan, "failed");
  const auto failed = parsed(*control_->listings.explain(Listed::Jobs, job.number(0, 0)));
  ASSERT_EQ(find(failed, "items")->Size(), 2U);
  EXPECT_EQ(textAt(failed, 0, "code"), "needs_failed");
  EXPECT_EQ(textAt(failed, 1, "job"), "a");
}

TEST_F(ExplainTest, AJobOfABuildThatWaitsHasThePlansBlockers) {
  const auto plan = planInput(upload("a.txt", "1"), "a");
  const auto build = startBuild(plan);
  const Rows job = sql("select id from jobs");
  sql("update jobs set status = 'ready'");
  EXPECT_THAT(codes(Listed::Jobs, job.number(0, 0)), ElementsAre("resources"));
  EXPECT_THAT(codes(Listed::Builds, build), IsEmpty());
  sql("update plans set status = 'ready_for_build', queued_at = now(), instance = null; "
      "update queues set build_paused = true");
  EXPECT_THAT(codes(Listed::Builds, build), ElementsAre("queue_paused"));
  EXPECT_THAT(codes(Listed::Jobs, job.number(0, 0)), ElementsAre("resources", "queue_paused"));
}

/// Every look at it is 20 ms later.
class HastyClock final : public Clock {
 public:
  WallTime now() const override { return system_.now(); }
  SteadyTime steady() const override {
    at_ += std::chrono::milliseconds(20);
    return at_;
  }

 private:
  SystemClock system_;
  mutable SteadyTime at_;
};

TEST_F(ExplainTest, AFilterThatFitsLittleGivesShortPagesInstead) {
  sql("insert into pending_inputs (queue, source, filename, generation, digest, size, status) "
      "select 'default', 'test', 'f' || g, 1, 'sha256:0', 1, case when g = 1 then 'planning' else "
      "'planned' end from generate_series(1, 16000) g");
  const HastyClock clock;
  const Host hasty{live_,    database_, {},    blobs_, bell_, membership_,
                   metrics_, clock,     logs_, {},     {},    {}};
  const ControlParts parts{hasty, desk_};
  Listings listings(parts);
  ListQuery query{.status = "planning"};
  auto page = parsed(*listings.list(Listed::Inputs, query));
  EXPECT_EQ(find(page, "items")->Size(), 0U);
  int pages = 1;
  while (find(page, "items")->Size() == 0 && !textOr(page, "next_cursor").empty() && pages < 9) {
    query.cursor = textOr(page, "next_cursor");
    page = parsed(*listings.list(Listed::Inputs, query));
    ++pages;
  }
  ASSERT_EQ(find(page, "items")->Size(), 1U);
  EXPECT_GT(pages, 1);
}

// Rows that were deleted by age leave gaps far wider than a window.
TEST_F(ExplainTest, AFilterReachesAcrossIdsThatAreGone) {
  sql("insert into pending_inputs (id, queue, source, filename, generation, digest, size, status) "
      "overriding system value select g, 'default', 'test', 'f' || g, 1, 'sha256:0', 1, 'planning' "
      "from unnest(array[3, 40000, 700000000, 700000001]) g");
  const auto names = [&](ListQuery query) {
    std::vector<std::string> found;
    do {  // a slow machine ends a page early
      const auto page = parsed(*control_->listings.list(Listed::Inputs, query));
      for (const auto& item : find(page, "items")->GetArray())
        found.push_back(textOr(item, "filename"));
      query.cursor = textOr(page, "next_cursor");
    } while (!query.cursor->empty());
    return found;
  };
  const std::vector<std::string> all = {"f700000001", "f700000000", "f40000", "f3"};
  EXPECT_EQ(names({.status = "planning"}), all);
  EXPECT_EQ(names({.queues = {{"default"}}, .cursor = cursorText(700'000'000)}),
            std::vector<std::string>(all.begin() + 2, all.end()));
  EXPECT_EQ(names({.text = "f3"}), std::vector<std::string>{"f3"});
  EXPECT_TRUE(names({.status = "failed"}).empty());
}

TEST_F(ExplainTest, WhatFailedIsFoundAmongMany) {
  sql("insert into pending_inputs (queue, source, filename, generation, digest, size, status, "
      "reason_code) select 'default', 'test', 'f' || g, 1, 'sha256:0', 1, case when g = 1 then "
      "'failed' else 'planned' end, case when g = 1 then 'timeout' end from generate_series(1, "
      "16000) g");
  const ListQuery byStatus{.status = "failed,cancelled"}, byReason{.reason = "timeout"};
  for (const auto& query : {byStatus, byReason}) {
    const auto page = parsed(*control_->listings.list(Listed::Inputs, query));
    EXPECT_EQ(find(page, "items")->Size(), 1U);
    EXPECT_EQ(numberOr(page, "total", 0), 1);
  }
}

}  // namespace
}  // namespace planwright::explain_test
