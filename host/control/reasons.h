#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "store/row.h"

namespace planwright {

/// What the API says with a reason code. SQL finds the code, by the predicate of the claims; only
/// here are words made of it. In the words, {name} stands for a fact of the item.
struct ReasonCode {
  std::string_view code;
  std::string_view message;      ///< of an item that waits
  std::string_view hint;         ///< what to do about that
  std::string_view failureHint;  ///< what to do when an item ended with this code
  bool isEnd = false;            ///< only of what failed or was stopped
};

/// All codes, in the order of the OpenAPI document.
std::span<const ReasonCode> reasonCodes();
/// nullptr: there is no such code.
const ReasonCode* reasonCode(std::string_view code);

/// Why an item waits or did not succeed.
struct Reason {
  std::string code, message, hint;
  std::string since;  ///< RFC 3339, or empty
};
/// `code`, as an object; a code that is none is shown as "internal".
void writeReason(JsonWriter& json, const Reason& reason);
/// The same for an object that is open.
void writeReasonMembers(JsonWriter& json, const Reason& reason);

/// What can be done about a failure. `button`: what a person presses to try again.
std::string failureHint(std::string_view code, std::string_view button);
/// What went wrong, or that something did. `kind`: of the item, "input", "plan" or "job".
std::string_view failureMessage(std::string_view kind, std::string_view error);
/// The queue has no job slots.
Reason noJobSlots(std::string_view queue);

// The reasons of a row of the view of that name (sql/functions), the first one being its own.

/// Everything that keeps it from being taken, in the order in which it would be noticed; empty = a
/// worker takes it now, or it goes its way.
std::vector<Reason> inputReasons(const Row& input);
std::vector<Reason> planReasons(const Row& plan);
/// That it waits for its turn: of a row that could be taken.
Reason waitsForWorker(std::string_view stage, const Row& item);
/// An empty code: it has none.
Reason buildReason(const Row& build);
/// `since`: when it began to wait.
Reason jobReason(const Row& job, const std::string& since);

/// A time as Postgres writes it in UTC, as RFC 3339 with milliseconds; empty for null and infinity.
std::string rfc3339(std::string_view postgresTime);

}  // namespace planwright
