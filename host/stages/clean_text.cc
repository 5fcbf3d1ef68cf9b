#include "stages/clean_text.h"

namespace planwright {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u;
}

/// Bytes of the valid UTF-8 sequence at the start of `text` (RFC 3629: no overlong form, no
/// surrogate), or 0.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!continues(text[i])) return 0;
  const unsigned second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string cleanText(std::string_view text, std::size_t limitBytes) {
  std::string out;
  out.reserve(std::min(text.size(), limitBytes));
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    if (out.size() + std::max<std::size_t>(length, 1) > limitBytes) break;
    if (length == 0)
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string cleanTail(std::string_view text, std::size_t limitBytes) {
  if (text.size() > limitBytes) {
    text.remove_prefix(text.size() - limitBytes);
    const auto newline = text.find('\n');
    if (newline != std::string_view::npos && newline + 1 < text.size())
      text.remove_prefix(newline + 1);
    while (!text.empty() && continues(text.front())) text.remove_prefix(1);
  }
  return cleanText(text, limitBytes);
}

}  // namespace planwright
