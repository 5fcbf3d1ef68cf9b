#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace planwright {

/// A value that two trees do not share. `path`: names of members and places in lists, from the
/// root; a side that has none is null. The values belong to the trees.
struct JsonDifference {
  std::vector<std::string> path;
  const JsonValue* from = nullptr;
  const JsonValue* to = nullptr;
};

/// Lists are compared as one value, or item by item where both have as many.
enum class JsonLists { Whole, ByItem };

/// What differs, in the order of the paths. Objects are compared member by member.
std::vector<JsonDifference> jsonDifferences(const JsonValue& from, const JsonValue& to,
                                            JsonLists lists = JsonLists::Whole);

}  // namespace planwright
