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
  std::size_t next = 0;  // the column asked for last: they are mostly read in order
};

}  // namespace planwright
