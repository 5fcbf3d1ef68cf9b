#include "http/headers.h"

#include <algorithm>

namespace planwright {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts the part before the separator off `text`.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trim(part);
}

/// ";q=0", ";q=0.0" … : the client refuses the token.
bool hasZeroWeight(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = cut(parameters, ';');
    if (parameter.size() > 2 && lower(parameter[0]) == 'q' && parameter[1] == '=') {
      return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
    }
  }
  return false;
}

}  // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool acceptsToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    std::string_view entry = cut(list, ',');
    const std::string_view name = cut(entry, ';');
    if (equalsIgnoringCase(name, token)) return !hasZeroWeight(entry);
  }
  return false;
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](const auto& field) { return equalsIgnoringCase(field.first, name); });
  fields_.emplace_back(name, std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (equalsIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view Headers::getOr(std::string_view name, std::string_view fallback) const {
  return find(name).value_or(fallback);
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      begin(), end(), [&](const auto& field) { return equalsIgnoringCase(field.first, name); }));
}

}  // namespace planwright
