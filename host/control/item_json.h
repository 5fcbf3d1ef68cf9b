#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "control/reasons.h"
#include "store/database.h"
#include "store/row.h"

namespace planwright {

// The JSON of the API, one function for each kind of thing, so that every list, item, answer of an
// action and explain says the same. Names follow the REST contract. The rows are those of the views
// in sql/functions that are called after them.

/// The tables that have lists.
enum class Listed { Inputs, Plans, Builds, Jobs };

/// The first `count` rows as elements of the array that is open. The connection is asked for the
/// attempts of jobs.
void writeItems(JsonWriter& json, Listed what, Connection& connection, const Rows& rows,
                std::size_t count);
/// The first row.
std::string itemJson(Listed what, Connection& connection, const Rows& rows);

/// A job of a plan that was never built: what its document says of it.
void writePlannedJob(JsonWriter& json, std::int64_t plan, const JsonValue& job, int position);

constexpr std::string_view kNotCacheable = "Its plan does not say that it is cacheable.";
/// Whether the result of a job came from the cache, and why or why not; empty before that is known.
struct CacheOutcome {
  std::string_view result, why;
};
CacheOutcome cacheOutcome(const Row& job);

/// The attempts of some jobs, each job's in their order.
class Attempts {
 public:
  /// Of the first `count` rows of jobs.
  Attempts(Connection& connection, const Rows& jobs, std::size_t count);
  void write(JsonWriter& json, std::int64_t job) const;
  /// Since when a job waits: since its last attempt ended, else since its build began.
  std::string waitsSince(const Row& job) const;

 private:
  /// The rows [first, last) of a job.
  std::pair<std::size_t, std::size_t> of(std::int64_t job) const;
  Rows rows_;
};

/// A member that is a time, or null.
JsonWriter& writeTime(JsonWriter& json, std::string_view name, const Row& row,
                      std::string_view column);
inline JsonWriter& writeTime(JsonWriter& json, std::string_view name, const Row& row) {
  return writeTime(json, name, row, name);
}
/// A member that is a number, or null.
JsonWriter& writeNumber(JsonWriter& json, std::string_view name, const Row& row);
/// A member that is text, or null; empty text stays text.
JsonWriter& writeText(JsonWriter& json, std::string_view name, const Row& row);

}  // namespace planwright
