#include "base/glob.h"

#include <fmt/format.h>

namespace planwright {
namespace {

/// What is wrong with the class at `pattern[at]`, or "". `at` moves behind it.
std::string_view whyNotClass(std::string_view pattern, std::size_t& at) {
  const std::string_view open = pattern.substr(at);
  bool isBackwards = false, isAscii = true;
  const auto negated =
      pw::glob_detail::readClass(pattern, at, [&](unsigned char from, unsigned char to) {
        isBackwards |= from > to;
        isAscii &= from < 0x80 && to < 0x80;
      });
  if (!negated && (open.starts_with("[]") || open.starts_with("[!]") || open.starts_with("[^]")))
    return "has a [] without a character; write [[] for the [ itself, []] for the ]";
  if (!negated) return "has a [ that no ] closes; write [[] for the character itself";
  if (!isAscii)
    return "has a character between [ and ] that is not ASCII, and would fit single bytes of it; "
           "write ? or *";
  if (isBackwards) return "has a range that ends before it begins; write the smaller end first";
  return {};
}

}  // namespace

std::string whyNotGlob(std::string_view pattern) {
  if (pattern.empty()) return "the pattern is empty, so it fits no name; write * for every name";
  std::string_view why;
  for (std::size_t at = 0; at < pattern.size() && why.empty();) {
    if (pattern[at] == '[')
      why = whyNotClass(pattern, at);
    else if (pattern[at++] == '\\')
      why =
          "has a \\, which does not change what follows it; write [*] for a * itself, [\\] for a "
          "\\";
  }
  return why.empty() ? std::string() : fmt::format("\"{}\" {}", pattern, why);
}

}  // namespace planwright
