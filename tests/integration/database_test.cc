#include "store/database.h"

#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/unavailable.h"
#include "store/schema.h"
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

std::string refusalOf(const Database& database) {
  try {
    Database(database.url()).migrate();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

TEST_F(DatabaseTest, ADatabaseFromBeforeTheFirstReleaseIsRefusedWithTheRemedy) {
  connection->runText("update schema_migrations set name = '0001_tables' where name like '0001%'");
  EXPECT_THAT(refusalOf(*database), testing::AllOf(testing::HasSubstr("before the first release"),
                                                   testing::HasSubstr("remove the data folder")));
}

TEST_F(DatabaseTest, ADatabaseOfANewerProgramIsRefused) {
  connection->runText("insert into schema_migrations (name) values ('9999_later')");
  EXPECT_THAT(refusalOf(*database), testing::HasSubstr("it is newer"));
}

TEST_F(DatabaseTest, ProgramsWithDifferentFunctionsShareADatabase) {
  const sql::Functions other{"planwright_fn_other", 1,
                             "create function is_due(not_before timestamptz) returns boolean "
                             "language sql as $$ select false $$"};
  installFunctions(*connection, other);
  const auto theirs = database->dedicated(Workload::Queries);
  theirs->runText("set search_path = public, planwright_fn_other");
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_TRUE(connection->runText("select is_due('-infinity')").flag(0, 0)) << turn;
    EXPECT_FALSE(theirs->runText("select is_due('-infinity')").flag(0, 0)) << turn;
    Database(database->url()).migrate();  // neither is put in place of the other
  }
}

TEST_F(DatabaseTest, FunctionsThatAreNotWholeAreInstalledAgain) {
  connection->runText("drop function has_host");
  database->migrate();
  EXPECT_EQ(text("select has_host('none')"), "f");
}

/// The n-th example of sql/README.md.
std::string example(std::size_t n) {
  const std::string text = readFile(SOURCE_DIR "/sql/README.md");
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= n; ++i) begin = text.find("```sql\n", begin) + 7;
  return text.substr(begin, text.find("```", begin) - begin);
}

// Views of older programs read it, and Postgres refused.
TEST_F(DatabaseTest, AMigrationThatDropsAColumnDropsTheViewsThatReadItAndNoOthers) {
  const auto views = [this](const std::string& schema) {
    return text(
        "select string_agg(viewname, ' ' order by viewname) from pg_views where schemaname " +
        schema);
  };
  const std::string before = views("like 'planwright_fn_%'"), shared = views("= 'public'");
  EXPECT_ANY_THROW(connection->runText("alter table pending_inputs drop column details"));
  database->dedicated()->runText(example(0));
  EXPECT_THAT(before, testing::HasSubstr("input_rows"));
  EXPECT_THAT(views("like 'planwright_fn_%'"),
              testing::AllOf(testing::Not(testing::HasSubstr("input_rows")),
                             testing::HasSubstr("plan_rows"), testing::HasSubstr("event_rows")));
  EXPECT_EQ(views("= 'public'"), shared);
}

TEST_F(DatabaseTest, SchemasThatAPersonRemovedAreMadeAgain) {
  connection->runText(example(1));
  EXPECT_EQ(text("select count(*) from pg_namespace where nspname like 'planwright_fn_%'"), "0");
  Database(database->url()).migrate();
  EXPECT_EQ(text("select has_host('none')"), "f");
}

TEST_F(DatabaseTest, SessionsReadAndWriteTheSameWhateverTheDatabaseIsSetTo) {
  connection->runText(R"(do $$ begin
    execute format('alter database %I set bytea_output = escape', current_database());
    execute format('alter database %I set timezone = "Asia/Tokyo"', current_database());
    execute format('alter database %I set datestyle = "German"', current_database());
    execute format('alter database %I set search_path = "elsewhere"', current_database());
    execute format('alter database %I set standard_conforming_strings = off', current_database());
    execute format('alter database %I set array_nulls = off', current_database());
    execute format('alter database %I set transform_null_equals = on', current_database());
    execute format('alter database %I set default_transaction_isolation = serializable', current_database());
    execute format('alter database %I set synchronous_commit = off', current_database());
    if current_setting('transaction_timeout', true) is not null then
      execute format('alter database %I set transaction_timeout = 1000', current_database());
    end if;
    execute format('alter database %I set lock_timeout = 1', current_database());
    execute format('alter database %I set statement_timeout = 1000', current_database());
    execute format('alter database %I set idle_session_timeout = 1000', current_database());
    execute format('alter database %I set idle_in_transaction_session_timeout = 1000', current_database());
  end $$)");
  for (const auto workload : {Workload::Keyed, Workload::Queries, Workload::Snapshot}) {
    const auto fresh = database->dedicated(workload);
    EXPECT_EQ(fresh->runText("select is_due('-infinity')").text(0, 0), "t");
    const Rows rows = fresh->runText(
        R"(select '\x00ff'::bytea as bytes, '2026-01-02T03:04:05Z'::timestamptz as time)");
    EXPECT_EQ(rows.bytes(0, "bytes"), std::string("\0\xff", 2));
    EXPECT_EQ(rows.text(0, "time"), "2026-01-02 03:04:05+00");
    EXPECT_EQ(fresh->runText("show jit").text(0, 0), "off");
    EXPECT_EQ(fresh->runText("select ('{NULL}'::text[])[1] is null").text(0, 0), "t");
    EXPECT_EQ(fresh->runText("select (null = null) is null").text(0, 0), "t");
    EXPECT_EQ(fresh->runText("show synchronous_commit").text(0, 0), "on");
    EXPECT_EQ(fresh->runText("select coalesce(current_setting('transaction_timeout', true), '0')")
                  .text(0, 0),
              "0");
    EXPECT_EQ(fresh->runText("show transaction_isolation").text(0, 0),
              workload == Workload::Snapshot ? "repeatable read" : "read committed");
    for (const std::string limit : {"lock_timeout", "idle_session_timeout"})
      EXPECT_EQ(fresh->runText("show " + limit).text(0, 0), "0") << limit;
    for (const std::string limit : {"statement_timeout", "idle_in_transaction_session_timeout"})
      EXPECT_NE(fresh->runText("show " + limit).text(0, 0), "1s") << limit;
  }
}

TEST_F(DatabaseTest, ColumnsAreAskedForByName) {
  const Rows rows = connection->runText(
      "select 7 as id, 'a' as name, null as gone, true as good union all select 8, 'b', null, null "
      "order by id");
  EXPECT_EQ(rows.number(1, "id"), 8);
  EXPECT_EQ(rows.text(0, "name"), "a");
  EXPECT_EQ(rows.text(1, "name"), "b") << "in any order";
  EXPECT_TRUE(rows.isNull(0, "gone"));
  EXPECT_TRUE(rows.flag(0, "good"));
  EXPECT_FALSE(rows.flag(1, "good"));
  EXPECT_THROW(rows.text(0, "nmae"), std::logic_error);
}

// Which plugin holds a queue was once found in the sentence for people.
TEST_F(DatabaseTest, OnlyWhatAQuarantineHoldsIsReleasedWithIt) {
  QueueRows queues(*connection);
  connection->run("quarantine_plugin", {"sha256:a", "bad", "1.0", "It dies.", "[]"});
  queues.holdPlanning("default", "(sha256:b) is quarantined: says a plugin in its own words", "");
  queues.holdBuilding("default", "It dies.", "sha256:a");
  connection->run("release_held_by_quarantine");
  EXPECT_EQ(text("select build_held from queues where name = 'default'"), "It dies.");
  connection->run("release_plugin", {"bad", "test"});
  connection->run("release_held_by_quarantine");
  EXPECT_EQ(text("select build_held from queues where name = 'default'"), "");
  EXPECT_EQ(text("select build_quarantine is null from queues where name = 'default'"), "t");
  EXPECT_NE(text("select plan_held from queues where name = 'default'"), "");
  queues.release("default");
  EXPECT_EQ(text("select plan_held from queues where name = 'default'"), "");
}

}  // namespace
}  // namespace planwright::database_test
