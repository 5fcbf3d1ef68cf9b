#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// Why a name cannot be an input's, or nullopt. Names are relative, '/'-separated UTF-8 of at most
/// kMaxNameBytes, without empty, "." or ".." parts.
std::optional<std::string> refusalOfName(std::string_view name);

inline constexpr std::size_t kMaxNameBytes = 1024;

/// A part of it begins with a dot: such files are skipped without a word.
bool isHidden(std::string_view name);

/// The name as valid UTF-8: other bytes and control characters as \xNN, cut after kMaxNameBytes.
std::string printableName(std::string_view name);

}  // namespace planwright
