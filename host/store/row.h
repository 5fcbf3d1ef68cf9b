#pragma once

#include <cstdint>
#include <string_view>

#include "store/rows.h"

namespace planwright {

/// One row of an answer. The texts live as long as the rows. One thread.
class Row {
 public:
  Row(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}

  std::string_view text(std::string_view column) const {  ///< null = ""
    return rows_->view(index_, column);
  }
  bool isNull(std::string_view column) const { return text(column).data() == nullptr; }
  std::int64_t number(std::string_view column) const {  ///< null = 0
    return rows_->number(index_, column);
  }
  double real(std::string_view column) const { return rows_->real(index_, column); }
  bool flag(std::string_view column) const { return text(column) == "t"; }

 private:
  const Rows* rows_;
  std::size_t index_;
};

}  // namespace planwright
