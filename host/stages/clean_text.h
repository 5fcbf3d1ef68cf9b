#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Text of a plugin or program made fit for rows and JSON by toUtf8, and bounded: at most
/// `limitBytes`, cut between characters.
std::string cleanText(std::string_view text, std::size_t limitBytes);
/// The same, but keeps the end: up to `limitBytes` of `text`, from the start of a line if there is
/// one.
std::string cleanTail(std::string_view text, std::size_t limitBytes);

}  // namespace planwright
