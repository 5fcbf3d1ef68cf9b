#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/json.h"

namespace planwright {
namespace {

/// ECMAScript's Number::toString, which RFC 8785 §3.2.2.3 prescribes: shortest digits, its own
/// exponent rules.
std::string canonicalNumber(double number) {
  if (number == 0) return "0";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const auto e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c != '.') digits += c;
  const int point =
      std::stoi(std::string(text.substr(e + 1))) + 1;  // position of the decimal point
  const int count = static_cast<int>(digits.size());
  std::string out;
  if (count <= point && point <= 21) {
    out = digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out = digits.substr(0, static_cast<std::size_t>(point)) + "." +
          digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    const int exponent = point - 1;
    out = digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "") + "e" +
          (exponent < 0 ? "-" : "+") + std::to_string(std::abs(exponent));
  }
  return number < 0 ? "-" + out : out;
}

/// UTF-16 code units, the sort key of RFC 8785 §3.2.3. Plain ASCII keys, the usual case, compare as
/// bytes.
std::u16string utf16(std::string_view text) {
  std::u16string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (int k = 1; k < length && i + static_cast<std::size_t>(k) < text.size(); ++k)
      code =
          (code << 6) | (static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]) & 0x3Fu);
    i += static_cast<std::size_t>(length);
    if (code < 0x10000) {
      out += static_cast<char16_t>(code);
    } else {
      out += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
  }
  return out;
}

using Buffer = rapidjson::StringBuffer;

void writeCanonical(const JsonValue& value, rapidjson::Writer<Buffer>& out) {
  if (value.IsObject()) {
    std::vector<const JsonValue::Member*> members;
    members.reserve(value.MemberCount());
    for (const auto& m : value.GetObject()) members.push_back(&m);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) {
      const std::string_view x(a->name.GetString(), a->name.GetStringLength());
      const std::string_view y(b->name.GetString(), b->name.GetStringLength());
      const auto ascii = [](std::string_view s) {
        return std::all_of(s.begin(), s.end(), [](char c) { return c >= 0; });
      };
      return ascii(x) && ascii(y) ? x < y : utf16(x) < utf16(y);
    });
    out.StartObject();
    for (const auto* m : members) {
      out.Key(m->name.GetString(), m->name.GetStringLength());
      writeCanonical(m->value, out);
    }
    out.EndObject();
  } else if (value.IsArray()) {
    out.StartArray();
    for (const auto& item : value.GetArray()) writeCanonical(item, out);
    out.EndArray();
  } else if (value.IsDouble()) {
    const std::string text = canonicalNumber(value.GetDouble());
    out.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  } else {
    value.Accept(out);
  }
}

}  // namespace

std::string canonicalJson(const JsonValue& value) {
  Buffer buffer;
  rapidjson::Writer<Buffer> writer(buffer);
  writeCanonical(value, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace planwright
