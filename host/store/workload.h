#pragma once

namespace planwright {

/// What a session of Postgres is for; decides its planner settings (sql/queries/session.sql).
enum class Workload { Keyed, Queries, Snapshot };

}  // namespace planwright
