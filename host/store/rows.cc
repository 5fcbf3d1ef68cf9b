#include "store/rows.h"

#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>

#include "store/rows_state.h"

namespace planwright {

Rows::Rows() = default;
Rows::~Rows() = default;
Rows::Rows(const Rows&) = default;
Rows& Rows::operator=(const Rows&) = default;

std::size_t Rows::size() const {
  return state_ ? static_cast<std::size_t>(state_->rows.size()) : 0;
}
int Rows::find(std::string_view column) const {
  auto& [rows, cells, columns, next] = *state_;
  if (columns.empty())
    for (int i = 0; i < static_cast<int>(rows.columns()); ++i)
      columns.emplace_back(rows.column_name(i));
  for (std::size_t tried = 0; tried < columns.size(); ++tried) {
    if (columns[next] == column) return static_cast<int>(next);
    if (++next == columns.size()) next = 0;
  }
  throw std::logic_error(fmt::format("the statement gives no column \"{}\"", column));
}
bool Rows::isNull(std::size_t row, std::string_view column) const {
  return isNull(row, find(column));
}
std::string Rows::text(std::size_t row, std::string_view column) const {
  return text(row, find(column));
}
std::int64_t Rows::number(std::size_t row, std::string_view column) const {
  return number(row, find(column));
}
double Rows::real(std::size_t row, std::string_view column) const {
  return real(row, find(column));
}
bool Rows::flag(std::size_t row, std::string_view column) const {
  return flag(row, find(column));
}
std::optional<std::string> Rows::bytes(std::size_t row, std::string_view column) const {
  return bytes(row, find(column));
}

std::string_view Rows::view(std::size_t row, std::string_view column) const {
  auto& [rows, cells, columns, next] = *state_;
  const auto at = static_cast<std::size_t>(find(column));
  if (cells.empty()) {  // libpqxx copies the whole answer's handles for each cell that is asked for
    cells.reserve(columns.size() * size());
    for (const auto& each : rows)
      for (const auto& field : each)
        cells.push_back(field.is_null() ? std::string_view()
                                        : std::string_view(field.c_str(), field.size()));
  }
  return cells.at(row * columns.size() + at);
}

bool Rows::isNull(std::size_t row, int column) const {
  return state_->rows[static_cast<pqxx::result::size_type>(row)][column].is_null();
}
std::string Rows::text(std::size_t row, int column) const {
  const auto field = state_->rows[static_cast<pqxx::result::size_type>(row)][column];
  return {field.c_str(), field.size()};
}
std::int64_t Rows::number(std::size_t row, int column) const {
  return isNull(row, column)
             ? 0
             : std::strtoll(state_->rows[static_cast<pqxx::result::size_type>(row)][column].c_str(),
                            nullptr, 10);
}
std::vector<std::int64_t> Rows::numbers() const {
  std::vector<std::int64_t> all(size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = number(i, 0);
  return all;
}
double Rows::real(std::size_t row, int column) const {
  return isNull(row, column)
             ? 0
             : std::strtod(state_->rows[static_cast<pqxx::result::size_type>(row)][column].c_str(),
                           nullptr);
}
bool Rows::flag(std::size_t row, int column) const {
  return state_->rows[static_cast<pqxx::result::size_type>(row)][column].c_str()[0] == 't';
}
std::optional<std::string> Rows::bytes(std::size_t row, int column) const {
  if (isNull(row, column)) return std::nullopt;
  const auto field = state_->rows[static_cast<pqxx::result::size_type>(row)][column];
  const std::string_view text(field.c_str(), field.size());  // hex format: \x00ff…
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

}  // namespace planwright
