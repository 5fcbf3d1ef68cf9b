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

/// Of ";q=0.25": 250. Without a weight it is 1000; what is none counts as 0, which refuses.
int weightOf(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = cut(parameters, ';');
    if (parameter.size() <= 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    int weight = 0, unit = 1000;
    for (const char c : parameter.substr(2)) {
      if (c == '.') continue;
      if (c < '0' || c > '9' || unit == 0) break;
      weight += (c - '0') * unit;
      unit /= 10;
    }
    return weight;
  }
  return 1000;
}

/// How well an entry of Accept names the type: 3 itself, 2 "text/*", 1 "*/*", 0 not at all.
int fitOf(std::string_view entry, std::string_view type) {
  if (equalsIgnoringCase(entry, type)) return 3;
  if (entry == "*/*") return 1;
  return entry.ends_with("/*") && equalsIgnoringCase(entry.substr(0, entry.size() - 1),
                                                     type.substr(0, type.find('/') + 1))
             ? 2
             : 0;
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
    if (equalsIgnoringCase(name, token)) return weightOf(entry) > 0;
  }
  return false;
}

std::size_t preferredType(std::string_view accept, const std::vector<std::string_view>& offered) {
  std::vector<std::pair<int, int>> best(offered.size());  // how well it is named, its weight
  while (!accept.empty()) {
    std::string_view entry = cut(accept, ',');
    const std::string_view name = cut(entry, ';');
    for (std::size_t i = 0; i < offered.size(); ++i)
      if (const int fit = fitOf(name, offered[i]); fit > best[i].first)
        best[i] = {fit, weightOf(entry)};
  }
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < offered.size(); ++i)
    if (best[i].second > best[chosen].second) chosen = i;
  return chosen;
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
