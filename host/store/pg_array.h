#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// Builds the text of a Postgres array parameter ("{1,2,\"a b\"}"): libpqxx 6 takes no vectors.
class PgArray {
 public:
  PgArray& add(std::int64_t number) {
    separate();
    text_ += std::to_string(number);
    return *this;
  }
  PgArray& add(double number) {
    separate();
    text_ += std::to_string(number);
    return *this;
  }
  PgArray& add(std::string_view text) {
    separate();
    text_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
    return *this;
  }
  PgArray& add(const std::string& text) { return add(std::string_view(text)); }
  PgArray& add(const std::optional<std::string>& text) {
    if (text) return add(std::string_view(*text));
    separate();
    text_ += "NULL";
    return *this;
  }
  /// An array of all of `items`.
  template <typename Items>
  static std::string of(const Items& items) {
    PgArray array;
    for (const auto& item : items) array.add(item);
    return array.take();
  }
  /// The same, or null.
  template <typename Items>
  static std::optional<std::string> of(const std::optional<Items>& items) {
    return items ? std::optional(of(*items)) : std::nullopt;
  }
  std::string take() { return std::move(text_ += '}'); }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

}  // namespace planwright
