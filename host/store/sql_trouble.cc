#include "store/sql_trouble.h"

#include <algorithm>
#include <iterator>

namespace planwright {
namespace {

constexpr std::string_view kSession[] = {
    "0A000",  // "cached plan must not change result type": a table was altered
    "25006",  // read-only: opened before a failover was over, or at the wrong server
    "25P03",  // stood still in a transaction for too long
    "26000",  // a prepared statement is gone: somebody in between gave us another session
    "42P05",  // or is there already, for the same reason
    "57P01",  // ended by an administrator, or by a server that stops
    "57P05",  // idle for too long
};

constexpr std::string_view kOutage[] = {
    "42501",  // the rights of our role were taken away; no input can do that
    "55006",  // somebody uses the object, or
    "55P03",  // holds its lock
    "72000",  // the snapshot is too old
};

/// Of classes: the connection, the login, rolled back for another's sake, which database, room,
/// stopped or ended, files of the server.
constexpr std::string_view kOutageClasses[] = {"", "08", "28", "3D", "40", "53", "57", "58"};

bool holds(const auto& list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

}  // namespace

SqlTrouble troubleOf(std::string_view sqlState) {
  if (holds(kSession, sqlState)) return SqlTrouble::Session;
  if (holds(kOutage, sqlState) || holds(kOutageClasses, sqlState.substr(0, 2)))
    return SqlTrouble::Outage;
  return SqlTrouble::Statement;
}

}  // namespace planwright
