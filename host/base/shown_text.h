#pragma once

#include <string>
#include <string_view>

namespace planwright {

/// Text of strangers, such as the name of a file, as people may see it in a terminal, a log or a
/// page: on one line, and it does what it looks like. Control characters, those that turn the
/// direction of writing (U+202E and its like) or have no width, and bytes that are no UTF-8 become
/// escapes: \n, \x1b, \u202e, \xff. All else stays.
std::string shownText(std::string_view text);

}  // namespace planwright
