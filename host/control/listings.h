#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "control/control_parts.h"
#include "control/item_json.h"
#include "control/shared_answers.h"
#include "control/timed_cache.h"
#include "model/caller.h"

namespace planwright {

/// The filter of a list; empty = all.
struct ListQuery {
  SomeQueues queues = {};
  std::optional<std::string> status = {};  ///< one or more, separated by commas
  std::optional<std::string> text = {};    ///< part of the name, any case, or the id
  std::optional<std::string> reason = {};
  std::optional<std::string> cursor = {};  ///< from `next_cursor`
  int limit = 50;                          ///< 1..200
};

/// Lists and single items as the API shows them. [any thread]
class Listings {
 public:
  explicit Listings(const ControlParts& parts)
      : parts_(parts),
        totals_(parts.clock),
        answers_(parts.database, parts.clock) {}

  /// {items, next_cursor, total[, total_is_lower_bound]}, newest first. A page holds fewer items
  /// than asked for, with a cursor, when finding more would take long. Invalid: `status`, `reason`
  /// or `cursor` is none.
  Result<std::string> list(Listed what, const ListQuery& query);
  /// The item as in its list. NotFound; Gone: it was pruned.
  Result<std::string> item(Listed what, std::int64_t id) const;
  /// As explain() of control/explain.h.
  Result<std::string> explain(Listed what, std::int64_t id) const;
  /// A page of the jobs of a plan's latest build, else of the plan itself, all "blocked". In the
  /// plan's order. As item.
  Result<std::string> jobsOfPlan(std::int64_t plan, const std::optional<std::string>& cursor,
                                 int limit) const;
  Result<std::string> jobsOfBuild(std::int64_t build, const std::optional<std::string>& cursor,
                                  int limit) const;

 private:
  struct Total {
    std::int64_t count = 0;
    bool isLowerBound = false;
  };
  struct Search;
  class Page;
  Result<ReadAnswer> read(Connection& connection, Listed what, const ListQuery& query);
  /// Fills the page with what fits. Gives where the next page starts, if there is one.
  std::optional<std::int64_t> fill(Page& page, Connection& connection, const Search& search) const;
  Total total(Connection& connection, const Search& search);
  static std::string jobsPage(Connection& connection, std::int64_t build, std::int64_t after,
                              int limit);
  Result<std::string> plannedJobs(std::int64_t plan, const std::string& digest, std::int64_t after,
                                  int limit) const;

  const ControlParts& parts_;
  TimedCache<Total> totals_;
  SharedAnswers answers_;
};

}  // namespace planwright
