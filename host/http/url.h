#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace planwright {

/// "%41" -> "A". Invalid: a broken escape, a NUL, or bytes that are not UTF-8 (Postgres and JSON
/// take neither). `plusIsSpace` as in query strings.
Result<std::string> decodedUrl(std::string_view text, bool plusIsSpace = false);

/// The decoded query of a request: keys may repeat, order is kept. A value.
class Query {
 public:
  static Result<Query> parse(std::string_view raw);

  /// The first value of that key, or nullopt.
  std::optional<std::string_view> find(std::string_view key) const;
  std::string textOr(std::string_view key, std::string_view fallback = {}) const;
  std::vector<std::string> all(std::string_view key) const;
  /// nullopt if absent; Invalid (naming the parameter) if it is not a whole number in [low, high].
  Result<std::optional<long long>> number(std::string_view key, long long low,
                                          long long high) const;
  /// true/1/yes/"" or false/0/no; nullopt if absent.
  Result<std::optional<bool>> flag(std::string_view key) const;

  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace planwright
