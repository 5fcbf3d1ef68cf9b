#include "base/json.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace planwright {
namespace {

/// Passes SAX events on until depth or number of values is over the limit. Needed because a deep
/// document overflows the stack in RapidJSON's DOM (parse, copy and destruction), measured at 1M
/// brackets.
template <class Handler>
class Limited {
 public:
  using Ch = char;
  Limited(Handler& next, JsonLimits limits) : next_(next), limits_(limits) {}

  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names
  bool Null() { return count() && next_.Null(); }
  bool Bool(bool b) { return count() && next_.Bool(b); }
  bool Int(int i) { return count() && next_.Int(i); }
  bool Uint(unsigned i) { return count() && next_.Uint(i); }
  bool Int64(std::int64_t i) { return count() && next_.Int64(i); }
  bool Uint64(std::uint64_t i) { return count() && next_.Uint64(i); }
  bool Double(double d) { return count() && next_.Double(d); }
  /// RapidJSON 1.1 makes a random number of 0e300, so numbers are read here.
  bool RawNumber(const char* s, rapidjson::SizeType n, bool) {
    if (!count()) return false;
    const std::string_view text(s, n);
    if (text.find_first_of(".eE") == std::string_view::npos) {
      std::int64_t whole = 0;
      if (read(text, whole)) return passWhole(whole);
      std::uint64_t large = 0;
      if (read(text, large)) return next_.Uint64(large);
    }
    double number = 0;
    hasBadNumber_ = !read(text, number);
    return !hasBadNumber_ && next_.Double(number);
  }
  bool String(const char* s, rapidjson::SizeType n, bool copy) {
    return count() && hasNoNul(s, n) && next_.String(s, n, copy);
  }
  bool StartObject() { return open() && next_.StartObject(); }
  bool Key(const char* s, rapidjson::SizeType n, bool copy) {
    return hasNoNul(s, n) && next_.Key(s, n, copy);
  }
  bool EndObject(rapidjson::SizeType n) { return --depth_, next_.EndObject(n); }
  bool StartArray() { return open() && next_.StartArray(); }
  bool EndArray(rapidjson::SizeType n) { return --depth_, next_.EndArray(n); }
  // NOLINTEND(readability-identifier-naming)

  bool tooDeep() const { return depth_ > limits_.depth; }
  bool hasNul() const { return hasNul_; }
  bool hasBadNumber() const { return hasBadNumber_; }

 private:
  template <class Number>
  static bool read(std::string_view text, Number& number) {
    const auto end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    return result.ec == std::errc() && result.ptr == end;
  }
  bool passWhole(std::int64_t whole) {
    if (whole >= 0 && whole <= std::numeric_limits<unsigned>::max())
      return next_.Uint(static_cast<unsigned>(whole));
    if (whole >= 0) return next_.Uint64(static_cast<std::uint64_t>(whole));
    if (whole >= std::numeric_limits<int>::min()) return next_.Int(static_cast<int>(whole));
    return next_.Int64(whole);
  }
  bool hasNoNul(const char* s, rapidjson::SizeType n) {
    hasNul_ = std::memchr(s, '\0', n) != nullptr;
    return !hasNul_;
  }
  bool count() { return ++values_ <= limits_.values; }
  bool open() { return count() && ++depth_ <= limits_.depth; }

  Handler& next_;
  const JsonLimits limits_;
  unsigned depth_ = 0;
  std::size_t values_ = 0;
  bool hasNul_ = false;
  bool hasBadNumber_ = false;
};

struct Parse {
  std::string_view text;
  JsonLimits limits;
  rapidjson::ParseResult result{};
  bool tooDeep = false;
  bool hasNul = false;
  bool hasBadNumber = false;

  template <class Handler>
  bool operator()(Handler& handler) {
    Limited<Handler> limited(handler, limits);
    rapidjson::MemoryStream bytes(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
    rapidjson::Reader reader;
    result = reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                          rapidjson::kParseNumbersAsStringsFlag>(stream, limited);
    tooDeep = limited.tooDeep();
    hasNul = limited.hasNul();
    hasBadNumber = limited.hasBadNumber();
    return !result.IsError();
  }
};

std::string placeOf(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column = 1 + (newline == std::string_view::npos ? offset : offset - newline - 1);
  return fmt::format("line {} column {}", line, column);
}

/// The first key that stands twice in one object, if any. RapidJSON keeps both and finds the first.
std::string duplicateKey(const JsonValue& value) {
  if (value.IsObject()) {
    std::vector<std::string_view> keys;
    keys.reserve(value.MemberCount());
    for (const auto& m : value.GetObject())
      keys.emplace_back(m.name.GetString(), m.name.GetStringLength());
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) return std::string(*twice);
    for (const auto& m : value.GetObject())
      if (auto key = duplicateKey(m.value); !key.empty()) return key;
  } else if (value.IsArray()) {
    for (const auto& item : value.GetArray())
      if (auto key = duplicateKey(item); !key.empty()) return key;
  }
  return {};
}

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

void applyPatch(JsonValue& target, const JsonValue& patch, JsonDocument::AllocatorType& memory) {
  if (!patch.IsObject()) {
    target.CopyFrom(patch, memory);
    return;
  }
  if (!target.IsObject()) target.SetObject();
  for (const auto& m : patch.GetObject()) {
    const auto at = target.FindMember(m.name);
    if (m.value.IsNull()) {
      if (at != target.MemberEnd()) target.EraseMember(at);
    } else if (at != target.MemberEnd()) {
      applyPatch(at->value, m.value, memory);
    } else {
      JsonValue fresh;
      applyPatch(fresh, m.value, memory);
      target.AddMember(JsonValue(m.name, memory), fresh, memory);
    }
  }
}

}  // namespace

Result<JsonDocument> parseJson(std::string_view text, JsonLimits limits) {
  Parse parse{text, limits};
  JsonDocument document;
  document.Populate(parse);
  if (parse.result.IsError()) {
    const std::string place = placeOf(text, parse.result.Offset());
    if (parse.hasNul)
      return invalid(fmt::format("a text holds a NUL (\\u0000) at {}; it cannot be stored", place),
                     place);
    if (parse.hasBadNumber)
      return invalid(fmt::format("the number at {} does not fit into a double", place), place);
    if (parse.result.Code() == rapidjson::kParseErrorTermination)
      return invalid(
          parse.tooDeep
              ? fmt::format("JSON is nested deeper than {} levels at {}", limits.depth, place)
              : fmt::format("JSON holds more than {} values at {}", limits.values, place),
          place);
    return invalid(fmt::format("not valid JSON at {}: {}", place,
                               rapidjson::GetParseError_En(parse.result.Code())),
                   place);
  }
  if (const auto key = duplicateKey(document); !key.empty())
    return invalid(fmt::format("the key \"{}\" stands twice in one object; remove one", key));
  return document;
}

std::string toJson(const JsonValue& value) {
  Buffer buffer;
  rapidjson::Writer<Buffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string canonicalJson(const JsonValue& value) {
  Buffer buffer;
  rapidjson::Writer<Buffer> writer(buffer);
  writeCanonical(value, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const JsonValue* find(const JsonValue& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  const auto at = object.FindMember(JsonValue(rapidjson::StringRef(key.data(), key.size())));
  return at == object.MemberEnd() ? nullptr : &at->value;
}

std::string textOr(const JsonValue& object, std::string_view key, std::string fallback) {
  const auto* value = find(object, key);
  return value && value->IsString() ? std::string(value->GetString(), value->GetStringLength())
                                    : std::move(fallback);
}

std::vector<std::string> textsOf(const JsonValue& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = find(object, key); list && list->IsArray())
    for (const auto& item : list->GetArray())
      if (item.IsString()) out.emplace_back(item.GetString(), item.GetStringLength());
  return out;
}

std::int64_t numberOr(const JsonValue& object, std::string_view key, std::int64_t fallback) {
  const auto* value = find(object, key);
  return value && value->IsInt64() ? value->GetInt64() : fallback;
}

bool boolOr(const JsonValue& object, std::string_view key, bool fallback) {
  const auto* value = find(object, key);
  return value && value->IsBool() ? value->GetBool() : fallback;
}

struct JsonWriter::State {
  Buffer buffer;
  rapidjson::Writer<Buffer> writer{buffer};
  std::vector<bool> isObject;
};

JsonWriter::JsonWriter() : state_(std::make_unique<State>()) {}
JsonWriter::~JsonWriter() = default;

JsonWriter& JsonWriter::object() {
  state_->writer.StartObject();
  state_->isObject.push_back(true);
  return *this;
}
JsonWriter& JsonWriter::array() {
  state_->writer.StartArray();
  state_->isObject.push_back(false);
  return *this;
}
JsonWriter& JsonWriter::end() {
  assert(!state_->isObject.empty());
  if (state_->isObject.back())
    state_->writer.EndObject();
  else
    state_->writer.EndArray();
  state_->isObject.pop_back();
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
  state_->writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  state_->writer.String(text.data() ? text.data() : "",
                        static_cast<rapidjson::SizeType>(text.size()));
  return *this;
}
JsonWriter& JsonWriter::value(std::int64_t number) {
  state_->writer.Int64(number);
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  if (std::isfinite(number))
    state_->writer.Double(number);
  else
    state_->writer.Null();
  return *this;
}
JsonWriter& JsonWriter::value(bool flag) {
  state_->writer.Bool(flag);
  return *this;
}
JsonWriter& JsonWriter::value(const JsonValue& tree) {
  tree.Accept(state_->writer);
  return *this;
}
JsonWriter& JsonWriter::null() {
  state_->writer.Null();
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
  if (json.empty()) return null();
  state_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}
std::string JsonWriter::take() {
  assert(state_->isObject.empty());
  return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

std::string mergePatch(std::string_view target, std::string_view patch) {
  JsonDocument document = std::move(*parseJson(target));
  const JsonDocument change = std::move(*parseJson(patch));
  applyPatch(document, change, document.GetAllocator());
  return toJson(document);
}

}  // namespace planwright
