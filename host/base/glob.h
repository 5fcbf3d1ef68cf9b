#pragma once

#include <string_view>

namespace planwright {

/// Shell wildcard match of a relative path: `*` and `?` stop at a slash, `**` crosses it, `[...]`
/// is a class. A pattern without a slash is matched against the base name. Linear in practice,
/// never exponential.
bool globMatches(std::string_view pattern, std::string_view path);

/// As a job's outputs are named: a pattern is anchored at the folder, also one without a slash
/// ("out.txt" is there, not at any depth).
bool outputMatches(std::string_view pattern, std::string_view path);

}  // namespace planwright
