#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// HMAC-SHA256 (RFC 2104) of `text`: its 32 bytes.
std::string hmacSha256Bytes(std::string_view key, std::string_view text);
/// The same as 64 lower-case hex digits.
std::string hmacSha256(std::string_view key, std::string_view text);

/// Takes the same time whatever the difference is, so that nobody can find `b` byte by byte.
bool equalsInConstantTime(std::string_view a, std::string_view b);

}  // namespace planwright
