#include "base/glob.h"

namespace planwright {

std::string whyNotGlob(std::string_view pattern) {
  const std::string quoted = "\"" + std::string(pattern) + "\"";
  if (pattern.empty()) return "the pattern is empty, so it fits no name; write * for every name";
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '[') {
      ++at;
      continue;
    }
    const std::size_t open = at;
    if (!pw::glob_detail::matchesClass(pattern, at, 'x'))
      return quoted + " has a [ that no ] closes; write [[] for the character itself";
    const bool isNegated = pattern[open + 1] == '!' || pattern[open + 1] == '^';
    for (std::size_t i = open + (isNegated ? 3 : 2); i + 2 < at; ++i)
      if (pattern[i] == '-' && pattern[i - 1] > pattern[i + 1] && pattern[i + 1] != ']')
        return quoted + " has a range that ends before it begins; write the smaller end first";
  }
  return {};
}

}  // namespace planwright
