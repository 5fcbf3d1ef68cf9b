#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "base/json.h"

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

}  // namespace planwright
