#include "control/pages.h"

#include <array>
#include <charconv>

#include "base/json.h"

namespace planwright {

Error badParameter(std::string_view name, std::string message) {
  return {ErrorKind::Invalid, std::move(message), {}, std::string(name)};
}

bool looksLikeATime(std::string_view text) {
  return text.size() >= 10 && text.size() <= 40 &&
         text.find_first_not_of("0123456789-:.TZ+tz ") == std::string_view::npos;
}

std::string cursorText(std::int64_t number) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 36).ptr;
  return "c" + std::string(text.data(), end);
}

Result<std::int64_t> cursorNumber(const std::optional<std::string>& text, std::int64_t fallback) {
  if (!text) return fallback;
  std::int64_t number = 0;
  const char* last = text->data() + text->size();
  if (text->size() < 2 || (*text)[0] != 'c')
    return badParameter("cursor", "It is not a cursor of this list.");
  const auto [end, error] = std::from_chars(text->data() + 1, last, number, 36);
  if (error != std::errc() || end != last || number < 0)
    return badParameter("cursor", "It is not a cursor of this list.");
  return number;
}

void endPage(JsonWriter& json, const std::string& next, std::int64_t total, bool isLowerBound) {
  json.end().textOrNull("next_cursor", next).member("total", total);
  if (isLowerBound) json.member("total_is_lower_bound", true);
  json.end();
}

std::string pageJson(const std::vector<std::string>& items, const std::string& next,
                     std::int64_t total, bool isLowerBound) {
  JsonWriter json;
  json.object().key("items").array();
  for (const auto& item : items) json.raw(item);
  endPage(json, next, total, isLowerBound);
  return json.take();
}

}  // namespace planwright
