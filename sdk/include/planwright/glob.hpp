// planwright/glob.hpp - names chosen by a pattern, as the host does it everywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pw {
namespace glob_detail {

/// Reads one [...] class at `pattern[at]`: `range(from, to)` for each range, or character, in it.
/// Gives whether it is negated, nullopt if it is not closed. `at` moves behind it.
template <class Range>
std::optional<bool> readClass(std::string_view pattern, std::size_t& at, Range range) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(pattern[n]); };
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      at = i + 1;
      return negated;
    }
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      range(byte(i), byte(i + 2));
      i += 3;
    } else {
      range(byte(i), byte(i));
      ++i;
    }
  }
  return std::nullopt;
}

/// Matches one [...] class at `pattern[at]`; nullopt if it is not closed. `at` moves behind it.
inline std::optional<bool> matchesClass(std::string_view pattern, std::size_t& at, char c) {
  bool found = false;
  const auto negated = readClass(pattern, at, [&](unsigned char from, unsigned char to) {
    found |= from <= static_cast<unsigned char>(c) && static_cast<unsigned char>(c) <= to;
  });
  if (!negated) return std::nullopt;
  return found != *negated;
}

/// Whether `c` fits the one of the pattern at `at`, which then moves behind it.
inline bool fitsOne(std::string_view pattern, std::size_t& at, char c) {
  if (at >= pattern.size()) return false;
  if (pattern[at] == '[' && c != '/') {
    std::size_t next = at;
    const auto inClass = matchesClass(pattern, next, c);
    if (!inClass.value_or(c == '[')) return false;
    at = inClass ? next : at + 1;
    return true;
  }
  if (pattern[at] == '?' ? c == '/' : pattern[at] != c) return false;
  ++at;
  return true;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one loop, read as a whole
inline bool matches(std::string_view pattern, std::string_view text) {
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
    if (fitsOne(pattern, p, text[t])) {
      ++t;
      continue;
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

/// What is wrong with the class at `pattern[at]`, or "". `at` moves behind it.
inline std::string_view whyNotClass(std::string_view pattern, std::size_t& at) {
  const std::string_view open = pattern.substr(at);
  bool isBackwards = false;
  bool isAscii = true;
  const auto negated = readClass(pattern, at, [&](unsigned char from, unsigned char to) {
    isBackwards |= from > to;
    isAscii &= from < 0x80 && to < 0x80;
  });
  if (!negated &&
      (open.substr(0, 2) == "[]" || open.substr(0, 3) == "[!]" || open.substr(0, 3) == "[^]"))
    return "has a [] without a character; write [[] for the [ itself, []] for the ]";
  if (!negated) return "has a [ that no ] closes; write [[] for the character itself";
  if (!isAscii)
    return "has a character between [ and ] that is not ASCII, and would fit single bytes of it; "
           "write ? or *";
  if (isBackwards) return "has a range that ends before it begins; write the smaller end first";
  return {};
}

}  // namespace glob_detail

/// What is wrong with a pattern, in a sentence with the remedy; "" = nothing. The host refuses such
/// a one wherever it stands.
inline std::string whyNotGlob(std::string_view pattern) {
  if (pattern.empty()) return "the pattern is empty, so it fits no name; write * for every name";
  std::string_view why;
  for (std::size_t at = 0; at < pattern.size() && why.empty();) {
    if (pattern[at] == '[')
      why = glob_detail::whyNotClass(pattern, at);
    else if (pattern[at++] == '\\')
      why =
          "has a \\, which does not change what follows it; write [*] for a * itself, [\\] for a "
          "\\";
  }
  return why.empty() ? std::string() : "\"" + std::string(pattern) + "\" " + std::string(why);
}

/// Whether a path matches a pattern. The path is relative and has '/' between its parts. `*`, `?`
/// and the class `[a-z]` (`[!a-z]`: none of these) stay within one part; a part `**` is any number
/// of folders, none included. A pattern without a slash is matched against the last part, in
/// whatever folder; a slash in front ties it to the top. A backslash is a character like others:
/// `[*]` fits a star. Never takes exponential time.
inline bool globMatches(std::string_view pattern, std::string_view path) {
  if (pattern.find('/') == std::string_view::npos)
    path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
  else if (pattern.front() == '/')
    pattern.remove_prefix(1);
  return glob_detail::matches(pattern, path);
}

}  // namespace pw
