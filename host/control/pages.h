#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace planwright {

// What the lists of the API have in common.

/// A parameter of a request that is wrong.
Error badParameter(std::string_view name, std::string message);

/// What Postgres reads as a time, near enough.
bool looksLikeATime(std::string_view text);

/// In the place of a cursor: begin with the newest.
constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();

/// Cursors are "c" and a number in base 36: opaque to clients, checked when they come back.
std::string cursorText(std::int64_t number);
/// The number of a cursor, `fallback` without one. Invalid: it is none.
Result<std::int64_t> cursorNumber(const std::optional<std::string>& text, std::int64_t fallback);

/// Ends the array of items and its page; an empty `next` is the end.
void endPage(JsonWriter& json, const std::string& next, std::int64_t total, bool isLowerBound);
/// {items, next_cursor, total[, total_is_lower_bound]}; an empty `next` is the end.
std::string pageJson(const std::vector<std::string>& items, const std::string& next,
                     std::int64_t total, bool isLowerBound);

}  // namespace planwright
