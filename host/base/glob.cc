#include "base/glob.h"

#include <optional>

namespace planwright {
namespace {

/// Matches one [...] class at `pattern[at]`; nullopt if it is not closed. `at` moves behind it.
std::optional<bool> matchesClass(std::string_view pattern, std::size_t& at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      at = i + 1;
      return found != negated;
    }
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found |= pattern[i] <= c && c <= pattern[i + 2];
      i += 3;
    } else {
      found |= pattern[i++] == c;
    }
  }
  return std::nullopt;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one loop, read as a whole
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to resume after a mismatch: behind the last star, one character further in the text. Two
  // levels, since "**" may also swallow what a later "*" could not.
  std::size_t starP = std::string_view::npos;
  std::size_t starT = 0;
  std::size_t deepP = std::string_view::npos;
  std::size_t deepT = 0;
  bool deepIsFolders = false;  // it swallows whole folders
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      if (p + 1 < pattern.size() && pattern[p + 1] == '*') {
        const bool isPart = p == 0 || pattern[p - 1] == '/';
        p += 2;
        deepIsFolders = isPart && p < pattern.size() && pattern[p] == '/';
        if (deepIsFolders) ++p;  // "**/x" also matches "x", but not "ax"
        deepP = p;
        deepT = t;
        starP = std::string_view::npos;
      } else {
        starP = ++p;
        starT = t;
      }
      continue;
    }
    if (p < pattern.size()) {
      if (pattern[p] == '?' && text[t] != '/') {
        ++p, ++t;
        continue;
      }
      if (pattern[p] == '[' && text[t] != '/') {
        std::size_t next = p;
        const auto inClass = matchesClass(pattern, next, text[t]);
        if (inClass.value_or(text[t] == '[')) {
          p = inClass ? next : p + 1;
          ++t;
          continue;
        }
      } else if (pattern[p] == text[t]) {
        ++p, ++t;
        continue;
      }
    }
    if (starP != std::string_view::npos && text[starT] != '/') {
      p = starP;
      t = ++starT;
    } else if (deepP != std::string_view::npos) {
      if (deepIsFolders) deepT = text.find('/', deepT);
      if (deepT == std::string_view::npos) return false;
      p = deepP;
      t = ++deepT;
      starP = std::string_view::npos;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool globMatches(std::string_view pattern, std::string_view path) {
  if (pattern.find('/') == std::string_view::npos) {
    const auto slash = path.rfind('/');
    if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  }
  return matches(pattern, path);
}

bool outputMatches(std::string_view pattern, std::string_view path) {
  const bool isAtTheTop = path.find('/') == path.npos;
  return (isAtTheTop || pattern.find('/') != pattern.npos) && globMatches(pattern, path);
}

}  // namespace planwright
