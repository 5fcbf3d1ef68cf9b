#include "artifacts/wheel_name.h"

#include <algorithm>
#include <vector>

namespace planwright {

std::string normalisedProject(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool isSeparator = c == '-' || c == '_' || c == '.';
    if (isSeparator && !text.empty() && text.back() == '-') continue;
    text += isSeparator ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

bool isProjectName(std::string_view name) {
  return !name.empty() && name.front() != '-' && name.back() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::optional<WheelName> wheelName(std::string_view path) {
  constexpr std::string_view kEnding = ".whl";
  std::string_view file = path.substr(path.rfind('/') + 1);
  if (!file.ends_with(kEnding)) return std::nullopt;
  file.remove_suffix(kEnding.size());
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= file.size();) {
    const std::size_t end = std::min(file.find('-', at), file.size());
    parts.push_back(file.substr(at, end - at));
    at = end + 1;
  }
  const bool hasEmpty = std::any_of(parts.begin(), parts.end(), [](auto p) { return p.empty(); });
  if (hasEmpty || parts.size() < 5 || parts.size() > 6) return std::nullopt;
  const std::size_t tags = file.size() - parts[parts.size() - 3].size() -
                           parts[parts.size() - 2].size() - parts.back().size() - 2;
  return WheelName{normalisedProject(parts[0]), std::string(parts[1]),
                   std::string(file.substr(tags))};
}

}  // namespace planwright
