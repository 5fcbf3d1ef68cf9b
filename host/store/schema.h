#pragma once

#include "store/database.h"
#include "store/sql.h"

namespace planwright {

/// Migrates the tables and installs the functions, one host at a time. Throws if the tables are of
/// a newer program, or older than the first release.
void bringUpSchema(Connection& connection);

/// Nothing if they are there already. Functions of other programs stay where they are: they take
/// next to no room, and who still uses them cannot be known (commands come and go).
void installFunctions(Connection& connection, const sql::Functions& functions);

}  // namespace planwright
