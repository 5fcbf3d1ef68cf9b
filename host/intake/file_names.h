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

/// The name for people: control characters as \xNN, and if it is not UTF-8 every byte that is not
/// ASCII; cut after kMaxNameBytes.
std::string printableName(std::string_view name);

}  // namespace planwright
