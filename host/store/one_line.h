#pragma once

#include <algorithm>
#include <string>

namespace planwright {

/// For the log: what libpq says in several lines ("...failed: No such file or directory\n\tIs the
/// server running...").
inline std::string oneLine(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

}  // namespace planwright
