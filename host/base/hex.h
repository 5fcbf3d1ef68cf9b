#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Each byte as two lower-case digits.
std::string toHex(std::string_view bytes);

/// Escapes all but RFC 3986's unreserved characters: "a b" -> "a%20b".
std::string percentEncode(std::string_view text);

}  // namespace planwright
