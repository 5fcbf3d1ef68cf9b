#pragma once

#include <string_view>

#include <planwright/glob.hpp>

namespace planwright {

/// Plugins choose by the same patterns, so these stand in the SDK.
using pw::globMatches;
using pw::whyNotGlob;

/// As a job's outputs are named: a pattern is anchored at the folder, also one without a slash
/// ("out.txt" is there, not at any depth; "**" is everything).
inline bool outputMatches(std::string_view pattern, std::string_view path) {
  return pw::glob_detail::matches(pattern, path);
}

}  // namespace planwright
