#include "recipe_text.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <planwright/errors.hpp>
#include <rapidjson/reader.h>
#include <rapidjson/stream.h>

namespace recipe {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

unsigned char byteAt(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

/// Bytes of the UTF-8 character at `at`; 0 if none stands there (RFC 3629, table in section 4).
std::size_t characterAt(std::string_view text, std::size_t at) {
  const unsigned char lead = byteAt(text, at), second = byteAt(text, at + 1);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xC2 && lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byteAt(text, at + i) & 0xC0) != 0x80) return 0;
  const bool isTooLong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool isSurrogate = lead == 0xED && second > 0x9F;
  const bool isTooLarge = lead == 0xF4 && second > 0x8F;
  return isTooLong || isSurrogate || isTooLarge ? 0 : size;
}

bool isControl(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
}

[[noreturn]] void rejectByte(std::string_view text, std::size_t at, const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = at - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02X", byteAt(text, at));
  pw::reject("line " + std::to_string(line) + ", column " + std::to_string(column) + ": the byte " +
             byte + " " + what);
}

void checkBytes(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = characterAt(text, at);
    if (size == 0) rejectByte(text, at, "is not UTF-8; save the recipe as UTF-8");
    if (isControl(byteAt(text, at)))
      rejectByte(text, at, "is a control character; write it as an escape in double quotes");
    at += size;
  }
}

bool isJson(const std::string& text) {
  rapidjson::StringStream stream(text.c_str());
  rapidjson::BaseReaderHandler<> ignored;
  return !rapidjson::Reader().Parse<rapidjson::kParseIterativeFlag>(stream, ignored).IsError();
}

/// The UTF-16 unit that `\uXXXX` at `at` stands for; 0 if no such escape stands there.
unsigned unitAt(const std::string& text, std::size_t at) {
  if (text.compare(at, 2, "\\u") != 0 || at + 6 > text.size()) return 0;
  const std::string digits = text.substr(at + 2, 4);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return 0;
  return static_cast<unsigned>(std::stoul(digits, nullptr, 16));
}

/// JSON writes a character beyond U+FFFF as two escapes, YAML as one.
std::string withWholeCharacters(const std::string& json) {
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '\\') {
      out += json[at++];
      continue;
    }
    const unsigned high = unitAt(json, at), low = high ? unitAt(json, at + 6) : 0;
    if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\U%08X",
                    0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
      out += escape;
      at += 12;
    } else {
      out += json.substr(at, 2);
      at += 2;
    }
  }
  return out;
}

}  // namespace

std::string readableText(const std::string& bytes) {
  std::string text = bytes.substr(bytes.starts_with(kMark) ? kMark.size() : 0);
  checkBytes(text);
  if (text.find("\\u") != std::string::npos && isJson(text)) return withWholeCharacters(text);
  return text;
}

}  // namespace recipe
