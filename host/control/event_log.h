#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/control_parts.h"
#include "control/shared_answers.h"
#include "model/caller.h"
#include "store/row.h"

namespace planwright {

/// A place in the stream of events; as text "epoch-xid-id", opaque to clients. Compares in reading
/// order.
struct EventPlace {
  std::uint64_t epoch = 0, xid = 0, id = 0;

  std::string text() const;
  /// "0" is the beginning. nullopt: not a cursor.
  static std::optional<EventPlace> parse(std::string_view text);
  std::array<std::uint64_t, 3> order() const { return {epoch, xid, id}; }
  friend auto operator<=>(const EventPlace&, const EventPlace&) = default;
};

struct StoredEvent {
  EventPlace place;
  std::string type;
  std::string subject;
  std::string queue;  ///< or empty
  std::string json;   ///< CloudEvents 1.0, one line
};

/// Of a row with the columns of `event_rows`.
StoredEvent storedEvent(const Row& event, std::uint64_t epoch);
/// The last place that can be read now.
EventPlace newestPlace(Connection& connection);

struct EventQuery {
  std::optional<std::string>
      after;  ///< a cursor: oldest first from there. Without: the newest first
  std::optional<std::string> types = {};    ///< separated by commas
  std::optional<std::string> subject = {};  ///< "input/17"
  std::optional<std::string> level = {};    ///< info, warning or error
  SomeQueues queues = {};
  int limit = 50;
};

/// The append-only record of facts, in the order in which a reader may see it: only what no open
/// transaction can still come before. [any thread]
class EventLog {
 public:
  explicit EventLog(const ControlParts& parts)
      : parts_(parts),
        answers_(parts.database, parts.clock) {}

  /// {items: [{cursor, event}], next_cursor}. With `after`, next_cursor is where to go on later,
  /// even when nothing came; without, it leads to older ones. Invalid names the parameter.
  Result<std::string> page(const EventQuery& query) const;
  /// The next events after the place, oldest first.
  std::vector<StoredEvent> after(const EventPlace& place, int limit) const;
  /// The last place that can be read now.
  EventPlace newest() const;
  /// There are rows that must not be read yet, so look again soon.
  bool isHeldBack() const;

 private:
  static Result<ReadAnswer> read(Connection& connection, const EventQuery& query);

  const ControlParts& parts_;
  mutable SharedAnswers answers_;
};

}  // namespace planwright
