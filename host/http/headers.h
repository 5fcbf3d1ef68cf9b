#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace planwright {

/// ASCII case-insensitive equality, as for header names and tokens.
bool equalsIgnoringCase(std::string_view a, std::string_view b);
/// True if `list` ("gzip, br;q=0.5") has the token with a weight above zero.
bool acceptsToken(std::string_view list, std::string_view token);

/// Which of `offered` media types an Accept header weighs most (RFC 9110, 12.5.1), the first of
/// equal ones; the first if it takes none of them or there is no header.
std::size_t preferredType(std::string_view accept, const std::vector<std::string_view>& offered);

/// Header fields in the order they came; names compare without case. A value.
class Headers {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  /// The first field of that name, or nullopt.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view getOr(std::string_view name, std::string_view fallback = {}) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::size_t count(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace planwright
