#include "base/shown_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"

namespace planwright {
namespace {

/// Unicode's Bidi_Control and what else is not seen: zero-width, line and paragraph separators,
/// tags, byte order mark.
constexpr std::array<std::pair<char32_t, char32_t>, 8> kUnseen{{{0x7f, 0x9f},
                                                                {0x61c, 0x61c},
                                                                {0x200b, 0x200b},
                                                                {0x200e, 0x200f},
                                                                {0x2028, 0x202e},
                                                                {0x2060, 0x206f},
                                                                {0xfeff, 0xfeff},
                                                                {0xe0000, 0xe007f}}};

bool isUnseen(char32_t code) {
  if (code < 0x20) return true;
  for (const auto& [first, last] : kUnseen)
    if (code >= first && code <= last) return true;
  return false;
}

std::string escapeOf(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  const auto number = static_cast<unsigned>(code);
  if (code < 0x80) return fmt::format("\\x{:02x}", number);
  return code < 0x10000 ? fmt::format("\\u{:04x}", number) : fmt::format("\\U{:08x}", number);
}

char32_t codeOf(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t code = lead & (0xFFu >> (character.size() + 1));
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return code;
}

}  // namespace

std::string shownText(std::string_view text) {
  const auto isPlain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::all_of(text.begin(), text.end(), isPlain)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = text.front() == '\0' ? 1 : utf8Size(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    if (size == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character.front()));
    else if (const char32_t code = codeOf(character); isUnseen(code))
      out += escapeOf(code);
    else
      out += character;
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace planwright
