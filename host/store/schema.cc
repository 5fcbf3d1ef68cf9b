#include "store/schema.h"

#include <stdexcept>

#include <fmt/format.h>

#include "base/log.h"
#include "store/pooler_check.h"

namespace planwright {
namespace {

/// A text of sql/queries/session.sql, with `name` for its braces.
std::string sessionText(std::string_view statement, std::string_view name) {
  return fmt::format(fmt::runtime(sql::statements().at(statement)), name);
}

void refuse(const std::string& found, bool isNewer) {
  if (isNewer)
    throw std::runtime_error(
        fmt::format("the database has the migration {}, which this program does not know: it is "
                    "newer; use the program that made it",
                    found));
  throw std::runtime_error(fmt::format(
      "the database was made by a planwright from before the first release (it has the "
      "migration {}), whose rows cannot be taken over: remove the data folder, in which "
      "a private Postgres lives too, or, if the configuration names a Postgres, make a "
      "new database (dropdb, createdb) and remove the folder of the blobs",
      found));
}

void migrateTables(Connection& connection, const Rows& done) {
  const auto& known = sql::migrations();
  for (std::size_t i = 0; i < done.size(); ++i) {
    const std::string name = done.text(i, "name");
    if (i >= known.size() || name != known[i].name) refuse(name, i >= known.size());
  }
  for (std::size_t i = done.size(); i < known.size(); ++i) {
    Transaction migration(connection);
    connection.runText(known[i].text);
    connection.runText(sessionText("session_note_migration", known[i].name));
    migration.commit();
    log::info("migrated schema={}", known[i].name);
  }
}

}  // namespace

void installFunctions(Connection& connection, const sql::Functions& functions) {
  if (connection.run("function_count", {functions.schema}).number(0, 0) == functions.count) return;
  Transaction whole(connection);
  connection.runText(sessionText("session_functions_begin", functions.schema));
  connection.runText(functions.text);
  whole.commit();
  log::info("installed functions={}", functions.schema);
}

void bringUpSchema(Connection& connection) {
  const Rows done = connection.runText(sql::statements().at("session_migrate_begin"));
  migrateTables(connection, done);
  installFunctions(connection, sql::functions());
  connection.runText(sql::statements().at("session_migrate_end"));
}

void Database::migrate() {
  refusePooledSessions(url());
  Connection connection(url(), Workload::Queries);
  bringUpSchema(connection);
  connection.checkStatements();
}

}  // namespace planwright
