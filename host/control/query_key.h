#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace planwright {

inline std::string keyPart(std::string_view text) {
  return fmt::format("{}:{}", text.size(), text);
}
inline std::string keyPart(int number) {
  return fmt::format("{};", number);
}
inline std::string keyPart(const std::optional<std::string>& text) {
  return text ? keyPart(std::string_view(*text)) : "-";
}

/// A key that only these values have, whatever people write into them: each text stands in it with
/// its length.
template <class... Values>
std::string queryKey(const Values&... values) {
  return (keyPart(values) + ...);
}

}  // namespace planwright
