#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace planwright {

struct RowsState;

/// Rows of one answer. Cheap to copy, valid for as long as it lives. One thread. A column is asked
/// for by its name (a name that the statement does not give throws logic_error) or number.
class Rows {
 public:
  Rows();
  ~Rows();
  Rows(const Rows&);
  Rows& operator=(const Rows&);

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  bool isNull(std::size_t row, std::string_view column) const;
  std::string text(std::size_t row, std::string_view column) const;     ///< null = ""
  std::int64_t number(std::size_t row, std::string_view column) const;  ///< null = 0
  double real(std::size_t row, std::string_view column) const;
  bool flag(std::size_t row, std::string_view column) const;  ///< null = false
  std::optional<std::string> bytes(std::size_t row, std::string_view column) const;
  /// As text(), without a copy: lives as long as these rows. Of null, data() is null.
  std::string_view view(std::size_t row, std::string_view column) const;

  bool isNull(std::size_t row, int column) const;
  std::string text(std::size_t row, int column) const;     ///< null = ""
  std::int64_t number(std::size_t row, int column) const;  ///< null = 0
  double real(std::size_t row, int column) const;
  bool flag(std::size_t row, int column) const;                         ///< null = false
  std::optional<std::string> bytes(std::size_t row, int column) const;  ///< bytea; null = nullopt
  std::vector<std::int64_t> numbers() const;  ///< the first column of every row

 private:
  friend class Connection;
  std::size_t find(std::string_view column) const;
  std::string_view cell(std::size_t row, std::size_t column) const;
  std::shared_ptr<RowsState> state_;
};

/// A parameter: text or null. Made of what is given, so that parameters read {id, text}.
class Param {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  Param(std::string text) : text_(std::move(text)) {}
  Param(const char* text) : text_(text) {}
  Param(std::string_view text) : text_(std::string(text)) {}
  Param(std::int64_t number) : text_(std::to_string(number)) {}
  Param(int number) : text_(std::to_string(number)) {}
  Param(bool flag) : text_(flag ? "t" : "f") {}
  Param(std::optional<std::string> text) : text_(std::move(text)) {}
  Param(std::nullopt_t) {}
  // NOLINTEND(google-explicit-constructor)
  const char* get() const { return text_ ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};

}  // namespace planwright
