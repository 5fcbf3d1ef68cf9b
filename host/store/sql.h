#pragma once

#include <map>
#include <string_view>
#include <vector>

/// The statements of sql/, made into constants by sql/embed.cmake. The C++ has no SQL text of its
/// own.
namespace planwright::sql {

struct Migration {
  std::string_view name;  ///< "0001_tables"
  const char* text;
};

const std::vector<Migration>& migrations();                   ///< in order
const std::map<std::string_view, const char*>& statements();  ///< by their `-- name:`

}  // namespace planwright::sql
