#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// What a key is good for. Its text begins with its kind, so that people and scanners for secrets
/// see what they have found.
enum class KeyKind { Token, Session, Link };

std::string_view toText(KeyKind kind);

/// A new key: its prefix and 32 random bytes as 43 letters, digits, "-" and "_". Throws
/// std::runtime_error if the machine has no randomness.
std::string makeKey(KeyKind kind);

/// Of that form. A token of the configuration may have any other.
bool isKey(KeyKind kind, std::string_view text);

}  // namespace planwright
