#pragma once

#include <map>
#include <string_view>
#include <vector>

/// The text of sql/, made into constants by sql/embed.cmake. The C++ has no SQL text of its own.
namespace planwright::sql {

struct Migration {
  std::string_view name;  ///< "0001_schema"
  const char* text;
};

/// All functions of sql/functions. They live in a Postgres schema that is named by the digest of
/// their text, so programs with different functions can share a database.
struct Functions {
  std::string_view schema;  ///< "planwright_fn_0123456789ab"
  int count;                ///< of functions in the text
  const char* text;
};

const Functions& functions();
const std::vector<Migration>& migrations();                   ///< in order
const std::map<std::string_view, const char*>& statements();  ///< by their `-- name:`

}  // namespace planwright::sql
