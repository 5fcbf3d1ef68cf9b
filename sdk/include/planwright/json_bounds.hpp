// planwright/json_bounds.hpp - how much the JSON of a stranger may hold.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pw {

/// A value takes up to 32 bytes of memory whatever it is, and to copy or write a deep one takes the
/// stack: a file of 6 MB with nothing but brackets ends the process that does it.
struct JsonBounds {
  std::size_t values = 500'000;
  std::size_t levels = 64;
};

/// Why `json` is not to be parsed, as the end of a sentence, or empty. Looks at brackets and commas
/// outside of texts in one pass without memory; whether it is JSON at all, the parser says.
inline std::string whyTooMuchJson(std::string_view json, JsonBounds bounds = {}) {
  std::size_t values = 1, level = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"')
      for (++at; at < json.size() && json[at] != '"'; ++at)
        if (json[at] == '\\') ++at;
    if ((c == ']' || c == '}') && level > 0) --level;
    const bool opens = c == '[' || c == '{';
    if (opens && ++level > bounds.levels)
      return "is nested deeper than " + std::to_string(bounds.levels) + " levels";
    if ((opens || c == ',') && ++values > bounds.values)
      return "holds more than " + std::to_string(bounds.values) + " values";
  }
  return {};
}

}  // namespace pw
