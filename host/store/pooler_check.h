#pragma once

#include <string>

namespace planwright {

/// Throws, with the remedy, if somebody between us and Postgres gives a session to another client
/// after each transaction (PgBouncer with pool_mode = transaction or statement): prepared
/// statements, locks and settings stay in sessions. Changes nothing, and costs one connection where
/// nobody is in between. Throws Unavailable when Postgres is away.
void refusePooledSessions(const std::string& url);

}  // namespace planwright
