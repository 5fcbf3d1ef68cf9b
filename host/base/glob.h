#pragma once

#include <string>
#include <string_view>

#include <planwright/glob.hpp>

namespace planwright {

/// Plugins choose by the same patterns, so this one stands in the SDK.
using pw::globMatches;

/// As a job's outputs are named: a pattern is anchored at the folder, also one without a slash
/// ("out.txt" is there, not at any depth; "**" is everything).
inline bool outputMatches(std::string_view pattern, std::string_view path) {
  return pw::glob_detail::matches(pattern, path);
}

/// What is wrong with a pattern, in a sentence with the remedy; "" = nothing.
std::string whyNotGlob(std::string_view pattern);

}  // namespace planwright
