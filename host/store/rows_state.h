#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <pqxx/pqxx>

namespace planwright {

/// In store/ only: what Postgres answered.
struct RowsState {
  pqxx::result rows;
  std::vector<std::string_view> cells;    // all of them, row by row, once one is asked for
  std::vector<std::string_view> columns;  // their names, once one is asked for
  std::size_t last = 0;                   // the column asked for last
  std::vector<std::size_t> followers;     // the one asked for after each: every row is read alike
};

}  // namespace planwright
