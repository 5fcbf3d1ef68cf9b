#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace planwright {

/// What programs make of a text when they pass it on: as JSON, base64 (also in the middle of a
/// longer text, in lines, and for URLs), hexadecimal, and in a URL. Each once, the text itself
/// first.
std::vector<std::string> formsOf(std::string_view text);

}  // namespace planwright
