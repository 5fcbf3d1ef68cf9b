#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// Escapes all but RFC 3986's unreserved characters: "a b" -> "a%20b".
std::string percentEncoded(std::string_view text);

/// %41 is A (RFC 3986). Nothing: a percent sign without two hexadecimal digits behind it, or a NUL.
std::optional<std::string> percentDecoded(std::string_view text);

}  // namespace planwright
