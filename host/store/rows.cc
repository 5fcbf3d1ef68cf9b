#include "store/rows.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>

#include "store/rows_state.h"

namespace planwright {

namespace {

std::int64_t numberOf(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

double realOf(std::string_view digits) {  // Infinity and NaN, too
  return digits.data() == nullptr ? 0 : std::strtod(digits.data(), nullptr);
}

/// Of a bytea in its hex format: \x00ff...
std::optional<std::string> bytesOf(std::string_view text) {
  if (text.data() == nullptr) return std::nullopt;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

}  // namespace

Rows::Rows() = default;
Rows::~Rows() = default;
Rows::Rows(const Rows&) = default;
Rows& Rows::operator=(const Rows&) = default;

std::size_t Rows::size() const {
  return state_ ? static_cast<std::size_t>(state_->rows.size()) : 0;
}
std::size_t Rows::find(std::string_view column) const {
  auto& [rows, cells, columns, last, followers] = *state_;
  if (columns.empty()) {
    for (int i = 0; i < static_cast<int>(rows.columns()); ++i) {
      columns.emplace_back(rows.column_name(i));
      followers.push_back(columns.size() - 1);
    }
    if (columns.empty()) throw std::logic_error("the statement gives no columns");
  }
  if (columns[last] == column) return last;
  std::size_t& follower = followers[last];
  if (columns[follower] != column) {
    const auto at = std::find(columns.begin(), columns.end(), column);
    if (at == columns.end())
      throw std::logic_error(fmt::format("the statement gives no column \"{}\"", column));
    follower = static_cast<std::size_t>(at - columns.begin());
  }
  return last = follower;
}
std::string_view Rows::cell(std::size_t row, std::size_t column) const {
  const auto& rows = state_->rows;
  auto& cells = state_->cells;
  const auto width = static_cast<std::size_t>(rows.columns());
  if (cells.empty()) {  // libpqxx counts references for each field that is asked for by itself
    cells.reserve(width * size());
    for (const auto& each : rows) {
      auto field = each.begin();
      for (std::size_t i = 0; i < width; ++i, ++field)
        cells.push_back(field->is_null() ? std::string_view()
                                         : std::string_view(field->c_str(), field->size()));
    }
  }
  if (row >= size() || column >= width)
    throw std::logic_error(fmt::format("the answer has no cell ({}, {})", row, column));
  return cells[row * width + column];
}

std::string_view Rows::view(std::size_t row, std::string_view column) const {
  return cell(row, find(column));
}
bool Rows::isNull(std::size_t row, std::string_view column) const {
  return view(row, column).data() == nullptr;
}
std::string Rows::text(std::size_t row, std::string_view column) const {
  return std::string(view(row, column));
}
std::int64_t Rows::number(std::size_t row, std::string_view column) const {
  return numberOf(view(row, column));
}
double Rows::real(std::size_t row, std::string_view column) const {
  return realOf(view(row, column));
}
bool Rows::flag(std::size_t row, std::string_view column) const {
  return view(row, column) == "t";
}
std::optional<std::string> Rows::bytes(std::size_t row, std::string_view column) const {
  return bytesOf(view(row, column));
}

bool Rows::isNull(std::size_t row, int column) const {
  return cell(row, static_cast<std::size_t>(column)).data() == nullptr;
}
std::string Rows::text(std::size_t row, int column) const {
  return std::string(cell(row, static_cast<std::size_t>(column)));
}
std::int64_t Rows::number(std::size_t row, int column) const {
  return numberOf(cell(row, static_cast<std::size_t>(column)));
}
double Rows::real(std::size_t row, int column) const {
  return realOf(cell(row, static_cast<std::size_t>(column)));
}
bool Rows::flag(std::size_t row, int column) const {
  return cell(row, static_cast<std::size_t>(column)) == "t";
}
std::optional<std::string> Rows::bytes(std::size_t row, int column) const {
  return bytesOf(cell(row, static_cast<std::size_t>(column)));
}
std::vector<std::int64_t> Rows::numbers() const {
  std::vector<std::int64_t> all(size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = number(i, 0);
  return all;
}

}  // namespace planwright
