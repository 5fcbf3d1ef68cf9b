#include "base/json.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace planwright {
namespace {

using Buffer = rapidjson::StringBuffer;

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

std::string toJson(const JsonValue& value) {
  Buffer buffer;
  rapidjson::Writer<Buffer> writer(buffer);
  value.Accept(writer);
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

namespace {

/// Whether a byte of the eight is below `limit`, which is at most 128.
/// Source: S. E. Anderson, Bit Twiddling Hacks, "Determine if a word has a byte less than n".
constexpr bool holdsBelow(std::uint64_t eight, std::uint64_t limit) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / 255, kHighBits = kOnes * 128;
  return ((eight - kOnes * limit) & ~eight & kHighBits) != 0;
}

/// Control characters, quotes and backslashes; looks at eight bytes at once.
bool holdsWhatIsEscaped(std::string_view text) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / 255;
  for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t eight = kOnes * 'x';  // what fills up the last ones
    std::memcpy(&eight, text.data() + at, std::min(sizeof eight, text.size() - at));
    if (holdsBelow(eight, 0x20) || holdsBelow(eight ^ (kOnes * '"'), 1) ||
        holdsBelow(eight ^ (kOnes * '\\'), 1))
      return true;
  }
  return false;
}

/// Copies at once what RapidJSON copies byte by byte: most texts hold nothing to escape.
class FastWriter : public rapidjson::Writer<Buffer> {
 public:
  explicit FastWriter(Buffer& buffer) : rapidjson::Writer<Buffer>(buffer) {}

  void text(std::string_view text) {
    if (holdsWhatIsEscaped(text)) {
      String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
      return;
    }
    Prefix(rapidjson::kStringType);
    char* at = os_->Push(text.size() + 2);
    *at = '"';
    *std::copy(text.begin(), text.end(), at + 1) = '"';
    EndValue(true);
  }
  void raw(std::string_view json) {
    Prefix(rapidjson::kObjectType);
    copy(json);
    EndValue(true);
  }
  /// `members` as in an object: "a":1,"b":2.
  void members(std::string_view members) {
    Prefix(rapidjson::kStringType);
    copy(members);
    ++level_stack_.template Top<Level>()->valueCount;  // a key and its value, for Prefix()
  }

 private:
  void copy(std::string_view json) { std::copy(json.begin(), json.end(), os_->Push(json.size())); }
};

}  // namespace

struct JsonWriter::State {
  Buffer buffer;
  FastWriter writer{buffer};
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
  state_->writer.text(name);
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  state_->writer.text(text);
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
JsonWriter& JsonWriter::membersOf(std::string_view object) {
  constexpr std::string_view kEmpty = "{}";
  if (object.size() > kEmpty.size() && object[0] == '{')
    state_->writer.members(object.substr(1, object.size() - kEmpty.size()));
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
  if (json.empty()) return null();
  state_->writer.raw(json);
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
