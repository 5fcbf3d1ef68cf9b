#include "http/url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/percent_encoding.h"
#include "base/utf8.h"

namespace planwright {

Result<std::string> decodedUrl(std::string_view text, bool plusIsSpace) {
  std::string spaced(text);
  if (plusIsSpace) std::replace(spaced.begin(), spaced.end(), '+', ' ');
  auto decoded = percentDecoded(spaced);
  if (!decoded || decoded->find('\0') != std::string::npos)
    return invalid("The URL has a broken % escape, or a NUL.");
  if (!isUtf8(*decoded)) return invalid("The URL is not UTF-8.");
  return std::move(*decoded);
}

Result<Query> Query::parse(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    const std::size_t end = raw.find('&');
    const std::string_view part = raw.substr(0, end);
    raw.remove_prefix(end == std::string_view::npos ? raw.size() : end + 1);
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    Result<std::string> key = decodedUrl(part.substr(0, equals), true);
    if (!key) return key.error();
    Result<std::string> value = decodedUrl(
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!value) return value.error();
    query.items_.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view key) const {
  for (const auto& [name, value] : items_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::string Query::textOr(std::string_view key, std::string_view fallback) const {
  return std::string(find(key).value_or(fallback));
}

std::vector<std::string> Query::all(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : items_) {
    if (name == key) values.push_back(value);
  }
  return values;
}

Result<std::optional<long long>> Query::number(std::string_view key, long long low,
                                               long long high) const {
  const auto text = find(key);
  if (!text) return std::optional<long long>();
  long long number = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stopped != end || number < low || number > high) {
    return invalid("The query parameter \"" + std::string(key) + "\" must be a whole number from " +
                       std::to_string(low) + " to " + std::to_string(high) + ".",
                   std::string(key));
  }
  return std::optional<long long>(number);
}

Result<std::optional<bool>> Query::flag(std::string_view key) const {
  const auto text = find(key);
  if (!text) return std::optional<bool>();
  if (*text == "true" || *text == "1" || *text == "yes" || text->empty()) {
    return std::optional<bool>(true);
  }
  if (*text == "false" || *text == "0" || *text == "no") return std::optional<bool>(false);
  return invalid("The query parameter \"" + std::string(key) + "\" must be true or false.",
                 std::string(key));
}

}  // namespace planwright
