#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace planwright {

/// Why a name cannot be an input's, or nullopt; the same for all ways in. Names are relative,
/// '/'-separated UTF-8 of at most kMaxNameBytes, without control characters and without parts that
/// are empty, ".", ".." or longer than kMaxPartBytes.
std::optional<std::string> refusalOfName(std::string_view name);

inline constexpr std::size_t kMaxNameBytes = 1024, kMaxPartBytes = 255;

/// A part of it begins with a dot: such files are skipped without a word.
bool isHidden(std::string_view name);

/// The name for people, as shownText gives it; cut after kMaxNameBytes.
std::string printableName(std::string_view name);

}  // namespace planwright
