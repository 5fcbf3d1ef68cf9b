#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/api_fixture.h"
#include "upkeep/bulk_runner.h"

namespace planwright::dead_letters_test {
namespace {

using testing::HasSubstr;

class DeadLettersTest : public ApiFixture {
 protected:
  /// An input that failed with that error.
  std::int64_t failInput(const std::string& name, const std::string& error,
                         const std::string& failureClass = "rejected",
                         const std::string& reason = "planner_rejected_input") {
    const auto id = upload(name, name);
    sql(
        fmt::format("update pending_inputs set status = 'failed', error = '{}', class = '{}', "
                    "reason_code = '{}' where id = {}",
                    error, failureClass, reason, id));
    return id;
  }
  std::int64_t failPlan(const std::string& name) {
    const auto plan = planInput(upload(name, name), "a b");
    startBuild(plan);
    finishBuild(plan, "failed");
    return plan;
  }
  std::size_t waiting(const std::string& query = "") {
    return find(json(200, "GET /api/dead-letters" + query), "items")->Size();
  }
  void runBulk() {
    auto connection = database_.lease();
    BulkRunner runner(*connection, bell_);
    while (runner.step()) {
    }
  }
  static std::string path(const char* pattern, std::int64_t id) {
    return fmt::format(fmt::runtime(pattern), id);
  }
};

TEST_F(DeadLettersTest, WhatFailedIsAListThatCanBeNarrowed) {
  const auto plan = failPlan("p.txt");
  failInput("a.txt", "line 3 is wrong");
  failInput("b.txt", "Poison: 2 hosts died", "bug", "worker_lost");
  const auto page = json(200, "GET /api/dead-letters");
  ASSERT_EQ(find(page, "items")->Size(), 3U);
  const JsonValue& newest = (*find(page, "items"))[0];
  EXPECT_EQ(textOr(newest, "name"), "b.txt");
  EXPECT_EQ(textOr(newest, "class"), "bug");
  EXPECT_EQ(textOr(*find(newest, "reason"), "code"), "worker_lost");
  EXPECT_EQ(numberOr((*find(page, "items"))[2], "item_id", 0), plan);
  EXPECT_EQ(textOr((*find(page, "items"))[2], "class"), "failed") << "of the job that failed";
  EXPECT_EQ(waiting("?kind=plan"), 1U);
  EXPECT_EQ(waiting("?class=bug&queue=default"), 1U);
  EXPECT_EQ(waiting("?reason=planner_rejected_input"), 1U);
  EXPECT_EQ(waiting("?q=A.TXT"), 1U);
  EXPECT_EQ(waiting("?queue=other"), 0U);
  EXPECT_EQ(problemOf(400, "GET /api/dead-letters?kind=job"), "invalid");
  EXPECT_EQ(problemOf(400, "GET /api/dead-letters?class=odd"), "invalid");
  EXPECT_EQ(problemOf(404, "GET /api/dead-letters/999"), "not-found");
}

TEST_F(DeadLettersTest, PagesGoOnWhereTheLastOneEnded) {
  for (int i = 0; i < 5; ++i) failInput(fmt::format("{}.txt", i), "x");
  std::vector<std::string> names;
  std::string cursor;
  do {
    const auto page =
        json(200, "GET /api/dead-letters?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    EXPECT_EQ(numberOr(page, "total", 0), 5);
    for (const auto& item : find(page, "items")->GetArray()) names.push_back(textOr(item, "name"));
    cursor = textOr(page, "next_cursor");
  } while (!cursor.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"4.txt", "3.txt", "2.txt", "1.txt", "0.txt"}));
}

TEST_F(DeadLettersTest, FailuresThatDifferInNumbersOnlyHaveOneCause) {
  for (int i = 0; i < 3; ++i)
    failInput(fmt::format("{}.txt", i), fmt::format("line {} is wrong", i));
  failInput("x.txt", "no such index");
  const auto causes = json(200, "GET /api/dead-letters/causes");
  ASSERT_EQ(find(causes, "items")->Size(), 2U);
  const JsonValue& most = (*find(causes, "items"))[0];
  EXPECT_EQ(numberOr(most, "count", 0), 3);
  EXPECT_EQ(waiting("?cause=" + textOr(most, "cause")), 3U);
}

TEST_F(DeadLettersTest, RequeueTriesTheItemAgain) {
  const auto input = failInput("a.txt", "line 3 is wrong");
  const auto plan = failPlan("p.txt");
  const auto letters = json(200, "GET /api/dead-letters");
  for (const auto& letter : find(letters, "items")->GetArray()) {
    const auto id = numberOr(letter, "id", 0);
    EXPECT_EQ(textOr(json(200, path("POST /api/dead-letters/{}/requeue", id)), "status"),
              "requeued");
    EXPECT_EQ(problemOf(409, path("POST /api/dead-letters/{}/discard", id)), "answered");
  }
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(textOr(json(200, path("GET /api/pending-inputs/{}", input)), "status"), "pending");
  const auto again = json(200, path("GET /api/plans/{}", plan));
  EXPECT_EQ(textOr(again, "status"), "ready_for_build");
  EXPECT_EQ(textOr(again, "build_mode"), "failed") << "what succeeded is not built again";
}

TEST_F(DeadLettersTest, AnItemThatIsTriedAgainByItsButtonIsNoDeadLetter) {
  const auto input = failInput("a.txt", "x");
  EXPECT_EQ(waiting(), 1U);
  json(202, path("POST /api/pending-inputs/{}/enqueue-plan", input));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(DeadLettersTest, DiscardLeavesTheItemAndItsHistory) {
  const auto input = failInput("a.txt", "line 3 is wrong");
  const auto letter = numberOr((*find(json(200, "GET /api/dead-letters"), "items"))[0], "id", 0);
  EXPECT_EQ(textOr(json(200, path("POST /api/dead-letters/{}/discard", letter)), "status"),
            "discarded");
  EXPECT_EQ(waiting(), 0U);
  const auto item = json(200, path("GET /api/pending-inputs/{}", input));
  EXPECT_EQ(textOr(item, "status"), "failed");
  EXPECT_EQ(textOr(item, "error"), "line 3 is wrong");
  EXPECT_EQ(textOr(json(200, path("GET /api/dead-letters/{}", letter)), "status"), "discarded");
  EXPECT_EQ(sql("select count(*) from events where type = 'input.discarded'").number(0, 0), 1);
}

TEST_F(DeadLettersTest, ABulkOperationAnswersWhatFitsAndNothingElse) {
  for (int i = 0; i < 3; ++i) failInput(fmt::format("{}.txt", i), "x", "bug", "plugin_error");
  failInput("other.txt", "y");
  const std::string wish =
      R"({"action":"requeue","target":"dead-letters","filter":{"class":"bug"})";
  const auto trial = json(200, "POST /api/bulk-operations", wish + R"(,"dry_run":true})");
  EXPECT_EQ(numberOr(trial, "matched", 0), 3);
  EXPECT_EQ(waiting(), 4U) << "a dry run changes nothing";
  EXPECT_EQ(problemOf(409, "POST /api/bulk-operations", wish + R"(,"expected":2})"), "changed");
  const auto begun = json(202, "POST /api/bulk-operations", wish + R"(,"expected":3})");
  failInput("later.txt", "x", "bug", "plugin_error");
  runBulk();
  const auto done = json(200, path("GET /api/bulk-operations/{}", numberOr(begun, "id", 0)));
  EXPECT_EQ(textOr(done, "status"), "done");
  EXPECT_EQ(numberOr(done, "done", 0), 3);
  EXPECT_EQ(sql("select count(*) from pending_inputs where queued_at is not null").number(0, 0), 3);
  EXPECT_EQ(waiting(), 2U) << "the other, and the one that failed after the wish";
  json(202, "POST /api/bulk-operations",
       R"({"action":"discard","target":"dead-letters","filter":{}})");
  runBulk();
  EXPECT_EQ(waiting(), 0U);
}

// What a slice holds, claims wait for.
// longer.
TEST_F(DeadLettersTest, ALargeBulkOperationIsDoneInSlicesOfAtMost500) {
  sql("insert into pending_inputs (queue, source, filename, generation, digest, size, status) "
      "select 'default', 'x', "
      "'f' || n, 1, 'sha256:' || repeat('0', 64), 0, 'planning' from generate_series(1, 2000) n");
  sql("update pending_inputs set status = 'failed', error = 'x', class = 'bug' where status = "
      "'planning'");
  json(202, "POST /api/bulk-operations",
       R"({"action":"requeue","target":"dead-letters","filter":{}})");
  const auto requeued = [&] {
    return sql("select count(*) from pending_inputs where status = 'pending' and queued_at is not "
               "null")
        .number(0, 0);
  };
  auto connection = database_.lease();
  BulkRunner runner(*connection, bell_);
  std::int64_t before = 0;
  while (runner.step()) {
    const std::int64_t after = requeued();
    EXPECT_LE(after - before, 500);
    before = after;
  }
  EXPECT_EQ(before, 2000);
}

TEST_F(DeadLettersTest, BulkWishesAreChecked) {
  const auto refused = [&](const std::string& body) {
    return problemOf(422, "POST /api/bulk-operations", body);
  };
  EXPECT_EQ(refused(R"({"action":"drop","target":"dead-letters","filter":{}})"), "invalid");
  EXPECT_EQ(refused(R"({"action":"discard","target":"plans","filter":{}})"), "invalid");
  EXPECT_EQ(refused(R"({"action":"discard","target":"dead-letters"})"), "invalid");
  EXPECT_EQ(refused(R"({"action":"discard","target":"dead-letters","filter":{"queu":"x"}})"),
            "invalid");
}

}  // namespace
}  // namespace planwright::dead_letters_test
