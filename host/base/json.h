#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>

#include "base/result.h"

namespace planwright {

using JsonValue = rapidjson::Value;
using JsonDocument = rapidjson::Document;

struct JsonLimits {
  unsigned depth = 64;
  std::size_t values = 1'000'000;
};

/// Strict RFC 8259 with valid UTF-8, bounded in depth and size; duplicate keys are refused, and
/// texts with a NUL, which Postgres cannot store and at which RapidJSON ends a pattern's search.
/// The error names line, column and remedy. (RapidJSON alone crashes on deep nesting and passes
/// invalid UTF-8.)
Result<JsonDocument> parseJson(std::string_view text, JsonLimits limits = {});

std::string toJson(const JsonValue& value);
/// RFC 8785 (JCS): sorted keys, shortest numbers, no white space. Same value, same bytes, on every
/// machine.
std::string canonicalJson(const JsonValue& value);

/// Members by name; a missing or wrongly typed one gives the fallback.
const JsonValue* find(const JsonValue& object, std::string_view key);
std::string textOr(const JsonValue& object, std::string_view key, std::string fallback = {});
/// The texts of an array; what is none, or missing, is left out.
std::vector<std::string> textsOf(const JsonValue& object, std::string_view key);
std::int64_t numberOr(const JsonValue& object, std::string_view key, std::int64_t fallback);
bool boolOr(const JsonValue& object, std::string_view key, bool fallback);

/// A compiled JSON Schema (draft 4, the part RapidJSON checks). Immutable: [any thread].
class JsonSchema {
 public:
  /// Invalid if `text` is not JSON or says something that would not be enforced as it is meant
  /// (schema_rules.h).
  static Result<JsonSchema> compile(std::string_view text);
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) noexcept;
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;
  ~JsonSchema();

  /// The first violation: `pointer` = JSON pointer into `value`, message = which rule and what is
  /// expected.
  Result<void> validate(const JsonValue& value) const;

 private:
  struct State;
  explicit JsonSchema(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Writes one JSON text, front to back:
///   JsonWriter json; json.object().member("id", 7).key("tags").array().value("a").end().end();
///   json.take()
/// Nesting mistakes are asserted. One thread.
class JsonWriter {
 public:
  JsonWriter();
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& object();
  JsonWriter& array();
  JsonWriter& end();  ///< closes the innermost object or array
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(std::size_t number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool flag);
  JsonWriter& value(const JsonValue& tree);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  ///< an already serialised value; empty = null

  template <class T>
  JsonWriter& member(std::string_view name, const T& item) {
    return key(name).value(item);
  }
  /// null when the text is empty
  JsonWriter& textOrNull(std::string_view name, std::string_view text) {
    key(name);
    return text.empty() ? null() : value(text);
  }
  JsonWriter& rawMember(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }
  /// The members of a serialised object, among those of the one that is open; of "" none.
  JsonWriter& membersOf(std::string_view object);

  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// RFC 7396 JSON Merge Patch. Both texts are valid JSON.
std::string mergePatch(std::string_view target, std::string_view patch);

}  // namespace planwright
