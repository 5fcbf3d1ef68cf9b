#include "stages/clean_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ansi_filter.h"
#include "base/utf8.h"

namespace planwright {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u;
}

}  // namespace

std::string cleanText(std::string_view text, std::size_t limitBytes) {
  std::string out = toUtf8(text.substr(0, limitBytes + 4));  // a character has at most four bytes
  if (out.size() <= limitBytes) return out;
  std::size_t end = limitBytes;
  while (end > 0 && continues(out[end])) --end;
  out.resize(end);
  return out;
}

std::string cutText(std::string_view text, std::size_t limitBytes, std::size_t wholeBytes) {
  const std::size_t whole = std::max(text.size(), wholeBytes);
  if (whole <= limitBytes) return cleanText(text, limitBytes);
  const std::string word = fmt::format(" … [cut: it had {} bytes]", whole);
  return cleanText(text, limitBytes - word.size()) + word;
}

std::string cleanTail(std::string_view text, std::size_t limitBytes) {
  if (text.size() > limitBytes) {
    text.remove_prefix(text.size() - limitBytes);
    const auto newline = text.find('\n');
    if (newline != std::string_view::npos && newline + 1 < text.size())
      text.remove_prefix(newline + 1);
    while (!text.empty() && continues(text.front())) text.remove_prefix(1);
  }
  return AnsiFilter(AnsiFilter::Keep::Plain).feed(toUtf8(text));
}

}  // namespace planwright
