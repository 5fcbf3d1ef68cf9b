#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/claims.h"
#include "store/database.h"

namespace planwright {

/// The first column of each row.
template <class Id>
std::vector<Id> idsOf(const Rows& rows) {
  std::vector<Id> ids;
  for (const auto id : rows.numbers()) ids.push_back(Id{id});
  return ids;
}

/// What inputs that wait for a plan and plans that wait for a build have in common: they stand in a
/// queue, and a stage claims them. Uses the caller's connection; throws Unavailable when Postgres
/// is away.
class LineRows {
 public:
  /// Whether anything may be claimed: the stage is not paused or held.
  bool isOpen(const std::string& queue);
  /// The items that are due, up to `limit` for each source, oldest first.
  std::vector<QueuedItem> due(const std::string& queue, std::size_t limit);
  /// The next item that a host died with, if one is due.
  std::vector<std::int64_t> dueAlone(const std::string& queue);
  /// Whether an item of another source is queued.
  bool doOthersWait(const std::string& queue, const std::string& source);

 protected:
  /// The statements of one table.
  struct Statements {
    std::string_view isOpen;  ///< column of `queue_is_open`
    std::string_view claim, due, dueAlone, othersWait, cancelled;
  };
  LineRows(Connection& connection, const Statements& statements)
      : connection_(connection),
        statements_(statements) {}

  Rows claimRows(const std::vector<std::int64_t>& ids, InstanceId instance,
                 const std::string& queue, bool alone);
  /// Ids of ours that somebody wants stopped.
  Rows cancelled(InstanceId instance, const std::string& queue);

  Connection& connection_;

 private:
  const Statements& statements_;
};

}  // namespace planwright
