#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Text of a plugin or program made fit for rows and JSON: NUL and invalid UTF-8 become '?', and at
/// most `limitBytes` are kept, cut between characters.
std::string cleanText(std::string_view text, std::size_t limitBytes);
/// The same, but keeps the end; a cut line is dropped if whole ones follow.
std::string cleanTail(std::string_view text, std::size_t limitBytes);

}  // namespace planwright
