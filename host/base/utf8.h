#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace planwright {

/// The text with every byte that is not valid UTF-8, and every NUL, shown as U+FFFD: what programs
/// print may be anything, Postgres and JSON take only UTF-8.
std::string toUtf8(std::string_view text);
bool isUtf8(std::string_view text);
/// Bytes of the character at the start of `text` (RFC 3629); 0 = none stands there, or a NUL.
std::size_t utf8Size(std::string_view text);

}  // namespace planwright
