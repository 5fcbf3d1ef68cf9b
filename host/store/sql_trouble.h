#pragma once

#include <string_view>

namespace planwright {

/// Whose fault an error of Postgres is, which says what to do about it.
enum class SqlTrouble {
  Statement,  ///< of what was asked: the same again fails again
  Session,    ///< of this session: in a new one the same may work
  Outage,     ///< of the server or of the moment: later the same may work
};

/// Of a SQLSTATE as the server sent it, so the statement changed nothing. Of "" (the connection
/// broke): Outage.
/// Source: Postgres manual, appendix "PostgreSQL Error Codes".
SqlTrouble troubleOf(std::string_view sqlState);

}  // namespace planwright
