// Sessions that end, stay behind or are shared, and what those who use them notice of it.
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/unavailable.h"
#include "store/postgres_probe.h"
#include "support/line_fixture.h"

namespace planwright::sessions_test {
namespace {

class SessionsTest : public LineFixture {
 protected:
  std::string pidOf(Connection& of) { return of.runText("select pg_backend_pid()").text(0, 0); }
  void end(const std::string& pid) {
    ASSERT_EQ(text("select pg_terminate_backend(" + pid + ", 5000)"), "t");
  }
  void setForAll(const std::string& setting) {
    connection->runText("do $$ begin execute format('alter database %I " + setting +
                        "', current_database()); end $$");
  }
  /// Writes a row that `written()` counts.
  static void write(Connection& by) {
    by.run("service_event", {"service/test", "service.away", "info", "{}"});
  }
  std::string written() {
    return text("select count(*) from events where subject = 'service/test'");
  }

  std::unique_ptr<Connection> shared{database->shared()};
};

TEST_F(SessionsTest, OneThatWasCutWhileItWasIdleIsReplacedUnnoticed) {
  for (const bool isInTransaction : {false, true}) {
    const std::string before = pidOf(*shared);
    end(before);
    if (isInTransaction) shared->begin();
    EXPECT_NO_THROW(write(*shared));
    EXPECT_NE(pidOf(*shared), before);
    if (isInTransaction) shared->commit();
  }
  EXPECT_EQ(written(), "2");
}

TEST_F(SessionsTest, OneThatEndsDuringAStatementIsReplacedOnce) {
  EXPECT_THROW(shared->runText("select pg_terminate_backend(pg_backend_pid())"), Unavailable)
      << "the new one was ended by the same text";
  EXPECT_NO_THROW(write(*shared));
}

TEST_F(SessionsTest, OneWithoutItsPreparedStatementsIsReplacedUnnoticed) {
  write(*shared);
  shared->runText("deallocate all");
  EXPECT_NO_THROW(write(*shared));
  EXPECT_EQ(written(), "2");
}

TEST_F(SessionsTest, OneWhosePlanIsOfATableThatWasAlteredIsReplacedUnnoticed) {
  shared->run("store_id");
  connection->runText("alter table meta alter column value type varchar(200)");
  EXPECT_NO_THROW(shared->run("store_id"));
}

// After a failover, sessions from before stay read-only.
TEST_F(SessionsTest, OneThatWasOpenedReadOnlyIsReplacedWhenItMayNotWrite) {
  setForAll("set default_transaction_read_only = on");
  EXPECT_THROW(write(*shared), Unavailable) << "never the fault of what is written";
  connection->runText("set default_transaction_read_only = off");
  setForAll("reset default_transaction_read_only");
  EXPECT_NO_THROW(write(*shared));
  shared->runText("set default_transaction_read_only = on");
  {
    Transaction transaction(*shared);
    write(*shared);
    transaction.commit();
  }
  EXPECT_EQ(written(), "2");
}

TEST_F(SessionsTest, ATransactionThatLostItsSessionNeverGoesOnInAnother) {
  Transaction transaction(*shared);
  write(*shared);
  end(pidOf(*shared));
  EXPECT_THROW(write(*shared), Unavailable);
  EXPECT_THROW(write(*shared), Unavailable);
  EXPECT_THROW(transaction.commit(), Unavailable);
  EXPECT_EQ(written(), "0");
}

TEST_F(SessionsTest, OneOfItsOwnIsNotReplacedUnnoticed) {
  const auto own = database->dedicated();
  end(pidOf(*own));
  EXPECT_THROW(own->run("store_id"), Unavailable) << "its locks are gone";
  EXPECT_NO_THROW(own->run("store_id"));
}

TEST_F(SessionsTest, ALockThatSomebodyHoldsIsNotTheFaultOfWhatIsWritten) {
  connection->begin();
  connection->runText("lock table events in exclusive mode");
  Transaction transaction(*shared);
  shared->runText("set local lock_timeout = '10ms'");
  EXPECT_THROW(write(*shared), Unavailable);
  connection->rollback();
}

TEST_F(SessionsTest, AreSharedByAnyNumberOfThreads) {
  Database few(database->url() + "&application_name=few", nullptr, 2);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 20; ++i)
    threads.emplace_back([&few] {
      const auto own = few.shared();
      for (int n = 0; n < 20; ++n) {
        Transaction transaction(*own);
        write(*own);
        transaction.commit();
      }
    });
  threads.clear();
  EXPECT_EQ(written(), "400");
  EXPECT_LE(std::stoi(text("select count(*) from pg_stat_activity where application_name = 'few'")),
            2);
  EXPECT_EQ(few.counts().busy, 0U);
  EXPECT_LE(few.counts().idle, 2U);
}

TEST_F(SessionsTest, AThreadThatHasOneNeverWaitsForAnother) {
  Database one(database->url(), nullptr, 1);
  const auto outer = one.shared();
  Transaction transaction(*outer);
  write(*outer);
  EXPECT_FALSE(one.lease(Workload::Keyed)->run("store_id").empty());
  transaction.commit();
  EXPECT_EQ(one.counts().idle, 1U);
}

TEST_F(SessionsTest, OfSeveralServersTheOneIsMeantThatCanBeWrittenTo) {
  const auto wanted = testing::HasSubstr("target_session_attrs=read-write");
  EXPECT_THAT(Database("postgresql://me:a,b@one:1,two:2/x").url(), wanted);
  EXPECT_THAT(Database("postgresql://me:a,b@one/x?host=two").url(), testing::Not(wanted));
  EXPECT_THAT(Database("postgresql://one,two/x?target_session_attrs=any").url(),
              testing::Not(wanted));
}

TEST_F(SessionsTest, AnyErrorGivesTheSharedOneBack) {
  Database one(database->url(), nullptr, 1);
  EXPECT_ANY_THROW(one.lease()->run("no_such_statement"));
  EXPECT_ANY_THROW(one.lease()->runText("select 1 / 0"));
  EXPECT_EQ(one.counts().busy, 0U);
  EXPECT_FALSE(one.lease()->run("store_id").empty());
}

TEST_F(SessionsTest, WhatIsSaidOfAServerShowsNoPassword) {
  for (const std::string url : {"postgresql://me:hunter2%ZZ@127.0.0.1:1/x",
                                "postgresql://me@127.0.0.1:1/x?password=hunter2%ZZ",
                                "postgresql://me:hunter2@127.0.0.1:1/x"})
    try {
      Database(url).lease()->run("store_id");
      ADD_FAILURE() << "nobody is there";
    } catch (const Unavailable& e) {
      EXPECT_THAT(e.what(), testing::Not(testing::HasSubstr("hunter2")));
    }
}

TEST_F(SessionsTest, TheProbeAsksForAWrite) {
  PostgresProbe probe(database->url());
  const auto ask = [&] { return probe.ask(std::chrono::seconds(10)); };
  EXPECT_TRUE(ask());
  setForAll("set default_transaction_read_only = on");
  EXPECT_TRUE(ask()) << "sessions from before may write";
  PostgresProbe later(database->url());
  try {
    later.ask(std::chrono::seconds(10));
    ADD_FAILURE() << "it is read-only";
  } catch (const Unavailable& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("read-only"));
  }
  connection->runText("set default_transaction_read_only = off");
  setForAll("reset default_transaction_read_only");
  EXPECT_TRUE(later.ask(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace planwright::sessions_test
