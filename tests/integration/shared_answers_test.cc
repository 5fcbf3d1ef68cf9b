#include "control/shared_answers.h"

#include <gmock/gmock.h>

#include "support/fake_clock.h"
#include "support/line_fixture.h"

namespace planwright::shared_answers_test {
namespace {

/// Counts the rows of a table, and how often it did.
class SharedAnswersTest : public LineFixture {
 protected:
  SharedAnswersTest() { sql("create table things (n int)"); }
  void sql(const std::string& text) { connection->runText(text); }

  std::string ask(const std::string& key = "things", bool mayKeep = true) {
    return *answers.get(key, mayKeep, [this](Connection& from) -> Result<ReadAnswer> {
      ++reads;
      return ReadAnswer{from.runText("select count(*) from things").text(0, 0), changesByItself};
    });
  }

  FakeClock clock;
  SharedAnswers answers{*database, clock};
  bool changesByItself = false;
  int reads = 0;
};

TEST_F(SharedAnswersTest, AnAnswerIsReadAgainOnlyWhenSomethingWasCommitted) {
  EXPECT_EQ(ask(), "0");
  EXPECT_EQ(ask(), "0");
  EXPECT_EQ(reads, 1);
  for (int i = 1; i <= 20; ++i) {
    sql("insert into things values (1)");
    EXPECT_EQ(ask(), std::to_string(i)) << "what was committed before is in it";
  }
  EXPECT_EQ(reads, 21);
}

TEST_F(SharedAnswersTest, WhatAnOpenTransactionWroteIsNotInItUntilItCommits) {
  EXPECT_EQ(ask(), "0");
  auto other = database->dedicated(Workload::Queries);
  other->begin();
  other->runText("insert into things values (1)");
  EXPECT_EQ(ask(), "0");
  EXPECT_EQ(ask(), "0");
  other->commit();
  EXPECT_EQ(ask(), "1");
}

TEST_F(SharedAnswersTest, EachKeyHasItsOwnAnswer) {
  EXPECT_EQ(ask("a"), "0");
  EXPECT_EQ(ask("b"), "0");
  EXPECT_EQ(reads, 2);
}

TEST_F(SharedAnswersTest, WhatTimeAloneMakesUntrueIsNotKept) {
  changesByItself = true;
  ask();
  ask();
  EXPECT_EQ(reads, 2);
}

TEST_F(SharedAnswersTest, NothingIsKeptForLong) {
  ask();
  clock.advance(std::chrono::seconds(1));
  ask();
  EXPECT_EQ(reads, 2);
}

TEST_F(SharedAnswersTest, PagesThatAreAskedForOnceAreNotKept) {
  ask("things", false);
  ask("things", false);
  EXPECT_EQ(reads, 2);
}

TEST_F(SharedAnswersTest, AnErrorIsGivenAndNotKept) {
  const auto fail = [this] {
    return answers.get("bad", true, [this](Connection&) -> Result<ReadAnswer> {
      ++reads;
      return Error{ErrorKind::Invalid, "No.", {}, {}};
    });
  };
  EXPECT_EQ(fail().error().message, "No.");
  EXPECT_FALSE(fail());
  EXPECT_EQ(reads, 2);
}

}  // namespace
}  // namespace planwright::shared_answers_test
