#pragma once

#include <ostream>

#include "base/json.h"

namespace planwright::cli {

/// The API's comparison of two plans, for people: "- a", "+ b", "~ c" and the fields that differ;
/// `indent` stands before each line. What no build depends on only `withDocument`.
void printDiff(std::ostream& out, const JsonValue& diff, const char* indent, bool withDocument);

}  // namespace planwright::cli
