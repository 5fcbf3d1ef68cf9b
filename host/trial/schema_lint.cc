#include "trial/schema_lint.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {
namespace {

/// Walks the settings of one schema. A local.
class SchemaLint {
 public:
  explicit SchemaLint(const JsonValue& root) : definitions_(find(root, "definitions")) {}

  /// The object that holds settings: the root, or a setting with settings of its own.
  void object(const JsonValue& schema, const std::string& at) {
    const auto* properties = find(schema, "properties");
    if (!properties) return;
    if (!find(schema, "additionalProperties"))
      remark(at, "a mistyped name would be accepted; say \"additionalProperties\": false");
    required(schema, *properties, at);
    for (const auto& property : properties->GetObject())
      setting(property.value,
              fmt::format("{}/properties/{}", at, std::string_view(property.name.GetString())));
  }

  std::vector<SchemaRemark> take() { return std::move(remarks_); }

 private:
  void required(const JsonValue& schema, const JsonValue& properties, const std::string& at) {
    const auto* names = find(schema, "required");
    if (!names) return;
    for (const auto& name : names->GetArray())
      if (!find(properties, name.GetString()))
        remark(at + "/required",
               fmt::format("\"{}\" is required, but there is no such setting", name.GetString()));
  }

  void setting(const JsonValue& schema, const std::string& at) {
    constexpr std::array kSaysWhat = {"type", "enum", "$ref", "anyOf", "oneOf", "allOf"};
    bool saysWhat = false;
    for (const char* keyword : kSaysWhat) saysWhat = saysWhat || find(schema, keyword);
    if (!saysWhat) remark(at, "it accepts anything; give it a \"type\"");
    fitting(schema, at);
    secret(schema, at);
    format(schema, at);
    limits(schema, at);
    if (textOr(schema, "type") == "object") object(schema, at);
    if (const auto* items = find(schema, "items"); items && items->IsObject())
      setting(*items, at + "/items");
  }

  /// Its default and the values of its enum must keep the other rules.
  void fitting(const JsonValue& schema, const std::string& at) {
    const auto rules = compiled(schema);
    if (!rules) return;
    if (const auto* value = find(schema, "default"))
      if (const auto fits = rules->validate(*value); !fits)
        remark(at + "/default", fmt::format("the default {} does not fit: {}", toJson(*value),
                                            fits.error().message));
    const auto* values = find(schema, "enum");
    if (!values) return;
    for (const auto& value : values->GetArray())
      if (const auto fits = rules->validate(value); !fits)
        remark(at + "/enum",
               fmt::format("the value {} does not fit: {}", toJson(value), fits.error().message));
  }

  /// The setting's schema on its own, with the definitions that it may refer to.
  Result<JsonSchema> compiled(const JsonValue& schema) const {
    JsonWriter alone;
    alone.object();
    for (const auto& member : schema.GetObject())
      alone.key(member.name.GetString()).value(member.value);
    if (definitions_) alone.key("definitions").value(*definitions_);
    return JsonSchema::compile(alone.end().take());
  }

  void secret(const JsonValue& schema, const std::string& at) {
    const auto* flag = find(schema, "x-secret");
    if (!flag) return;
    if (!flag->IsBool()) return remark(at + "/x-secret", "it is true or false");
    if (!flag->GetBool()) return;
    if (textOr(schema, "type") != "string")
      remark(at, "a secret is text; say \"type\": \"string\"");
    if (find(schema, "default"))
      remark(at + "/default", "a secret with a default is known to everybody; leave it out");
  }

  void format(const JsonValue& schema, const std::string& at) {
    const std::string format = textOr(schema, "x-format", "glob");
    if (find(schema, "x-format") && format != "glob" && format != "duration")
      remark(at + "/x-format", "it is \"glob\" or \"duration\"; a host ignores all others");
  }

  void limits(const JsonValue& schema, const std::string& at) {
    constexpr std::array kPairs = {
        std::pair{"minimum", "maximum"}, std::pair{"minLength", "maxLength"},
        std::pair{"minItems", "maxItems"}, std::pair{"minProperties", "maxProperties"}};
    for (const auto& [low, high] : kPairs) {
      const auto *least = find(schema, low), *most = find(schema, high);
      if (least && most && least->GetDouble() > most->GetDouble())
        remark(at, fmt::format("nothing fits: {} is above {}", low, high));
    }
    ofItsType(schema, at, "string", {"minLength", "maxLength", "pattern"});
    ofItsType(schema, at, "array", {"items", "minItems", "maxItems", "uniqueItems"});
    ofItsType(schema, at, "object", {"properties", "required", "additionalProperties"});
  }

  /// Rules that another type of value never meets.
  void ofItsType(const JsonValue& schema, const std::string& at, const char* type,
                 std::initializer_list<const char*> keywords) {
    const std::string is = textOr(schema, "type", type);
    if (is == type) return;
    for (const char* keyword : keywords)
      if (find(schema, keyword))
        remark(fmt::format("{}/{}", at, keyword),
               fmt::format("it is for values of type {} and does nothing for {}", type, is));
  }

  void remark(const std::string& at, std::string message) {
    remarks_.push_back({at, std::move(message)});
  }

  const JsonValue* const definitions_;
  std::vector<SchemaRemark> remarks_;
};

}  // namespace

std::vector<SchemaRemark> lintSchema(std::string_view schemaJson) {
  const auto compiled = JsonSchema::compile(schemaJson);
  if (!compiled) return {{compiled.error().pointer, compiled.error().message}};
  const auto schema = parseJson(schemaJson);
  SchemaLint lint(*schema);
  lint.object(*schema, "");
  return lint.take();
}

}  // namespace planwright
