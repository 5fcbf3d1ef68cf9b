#include "store/database.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "base/unavailable.h"
#include "support/line_fixture.h"

namespace planwright::database_test {
namespace {

using DatabaseTest = LineFixture;

std::string pidOf(Connection& connection) {
  return connection.runText("select pg_backend_pid()").text(0, 0);
}

TEST_F(DatabaseTest, ASessionThatTheServerEndsIsAnOutageAndNotAMistakeOfTheStatement) {
  auto keyed = database->dedicated();
  for (const bool isInTransaction : {false, true}) {
    if (isInTransaction) keyed->begin();
    connection->runText("select pg_terminate_backend(" + pidOf(*keyed) + ", 5000)");
    EXPECT_THROW(keyed->run("store_id"), Unavailable) << isInTransaction;
    keyed->rollback();
    EXPECT_FALSE(keyed->run("store_id").empty()) << "it opens itself again";
    EXPECT_EQ(keyed->runText("show plan_cache_mode").text(0, 0), "force_generic_plan")
        << "with the settings of its workload";
  }
}

TEST_F(DatabaseTest, AStatementThatRunsOutOfTimeIsAnOutage) {
  auto queries = database->dedicated(Workload::Queries);
  queries->runText("set statement_timeout = 1");
  EXPECT_THROW(queries->runText("select pg_sleep(5)"), Unavailable);
}

// A host that is cut off in the middle of a commit must not keep others from its rows.
TEST_F(DatabaseTest, ATransactionThatStandsStillLetsItsRowsGo) {
  auto cutOff = database->dedicated();
  EXPECT_EQ(cutOff->runText("show idle_in_transaction_session_timeout").text(0, 0), "5s");
  cutOff->runText("set idle_in_transaction_session_timeout = '20ms'");
  cutOff->begin();
  cutOff->runText("select 1 from queues for update");
  connection->runText("set statement_timeout = '10s'");
  EXPECT_NO_THROW(connection->runText("select 1 from queues for update"));
  EXPECT_THROW(cutOff->commit(), Unavailable);
}

TEST_F(DatabaseTest, HostsThatStartAtTheSameMomentGiveTheStoreOneName) {
  auto first = database->dedicated();
  first->begin();
  const std::string name = first->run("store_id").text(0, 0);
  auto other = std::async(std::launch::async,
                          [this] { return database->dedicated()->run("store_id").text(0, 0); });
  EXPECT_TRUE(eventually([&] {
    return text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1";
  }));
  first->commit();
  EXPECT_EQ(other.get(), name);
}

}  // namespace
}  // namespace planwright::database_test
