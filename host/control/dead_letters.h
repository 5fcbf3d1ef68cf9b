#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "control/actions.h"
#include "control/control_parts.h"
#include "model/caller.h"

namespace planwright {

/// The filter of a list of dead letters; empty = all.
struct LetterFilter {
  std::optional<std::string> queue = {};
  SomeQueues queues = {};                  ///< of these only
  std::optional<std::string> kind = {};    ///< input | plan
  std::optional<std::string> klass = {};   ///< failure class
  std::optional<std::string> reason = {};  ///< reason code
  std::optional<std::string> cause = {};   ///< of a group
  std::optional<std::string> text = {};    ///< part of the name, any case, or the id

  std::string json() const;
};

/// A request for all letters that fit a filter.
struct BulkWish {
  std::string action;  ///< requeue | discard
  LetterFilter filter;
  std::optional<std::int64_t> expected = {};  ///< how many somebody saw
  std::string actor;
};

/// Inputs and plans that failed and wait for a person: seen, grouped by cause, tried again or
/// discarded, one by one or all that fit a filter. Bulk operations are only noted here; upkeep does
/// them (upkeep/bulk_runner.h). [any thread]
class DeadLetters {
 public:
  DeadLetters(const ControlParts& parts, const Actions& actions)
      : parts_(parts),
        actions_(actions) {}

  /// A page, newest first. Invalid names the parameter.
  Result<std::string> list(const LetterFilter& filter, const std::optional<std::string>& cursor,
                           int limit) const;
  /// {items: [{cause, title, count, …}], next_cursor, total}, the most frequent cause first.
  Result<std::string> causes(const LetterFilter& filter) const;
  Result<std::string> item(std::int64_t id) const;

  /// Tries the input or plan again; of a plan, the jobs that did not succeed. Returns the letter.
  /// NotFound; Conflict `answered`.
  Result<std::string> requeue(std::int64_t id, const std::string& actor) const;
  /// Takes the letter off the list; the item and its history stay. Errors as in requeue.
  Result<std::string> discard(std::int64_t id, const std::string& actor) const;

  /// What a bulk operation would do: {matched, eligible, refused, refusals_by_code}.
  Result<std::string> tryBulk(const BulkWish& wish) const;
  struct Bulk {
    std::int64_t id = 0;
    std::string json;
  };
  /// Conflict changed: not `expected` letters fit now.
  Result<Bulk> startBulk(const BulkWish& wish) const;
  /// `actor`: NotFound if it is not this one's; empty: anybody's.
  Result<std::string> bulk(std::int64_t id, const std::string& actor = {}) const;

 private:
  const ControlParts& parts_;
  const Actions& actions_;
};

}  // namespace planwright
