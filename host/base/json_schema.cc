#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>

#include <fmt/format.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include "base/json.h"

namespace planwright {
namespace {

using Buffer = rapidjson::StringBuffer;

// RapidJSON 1.1 silently ignores what it does not know, so a schema with `const` would accept
// everything.
constexpr std::array kKnownKeywords = {"$schema",
                                       "$ref",
                                       "id",
                                       "title",
                                       "description",
                                       "default",
                                       "definitions",
                                       "type",
                                       "enum",
                                       "properties",
                                       "additionalProperties",
                                       "patternProperties",
                                       "required",
                                       "minProperties",
                                       "maxProperties",
                                       "dependencies",
                                       "items",
                                       "additionalItems",
                                       "minItems",
                                       "maxItems",
                                       "uniqueItems",
                                       "minimum",
                                       "maximum",
                                       "exclusiveMinimum",
                                       "exclusiveMaximum",
                                       "multipleOf",
                                       "minLength",
                                       "maxLength",
                                       "pattern",
                                       "allOf",
                                       "anyOf",
                                       "oneOf",
                                       "not"};

Result<void> lint(const JsonValue& schema, const std::string& at, const JsonValue& root);

Result<void> lintEach(const JsonValue& children, const std::string& at, const JsonValue& root) {
  if (children.IsArray()) {
    for (rapidjson::SizeType i = 0; i < children.Size(); ++i)
      if (auto ok = lint(children[i], at + "/" + std::to_string(i), root); !ok) return ok;
  } else if (children.IsObject()) {
    for (const auto& m : children.GetObject())
      if (auto ok = lint(m.value, at + "/" + m.name.GetString(), root); !ok) return ok;
  }
  return {};
}

Result<void> lintPattern(const JsonValue& pattern, const std::string& at) {
  if (!pattern.IsString()) return invalid("a pattern is a string", at);
  const std::string_view text(pattern.GetString(), pattern.GetStringLength());
  if (text.find("(?") != std::string_view::npos)
    return invalid(
        fmt::format("the pattern {} uses (?...), which is not supported; use plain groups", text),
        at);
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (std::isalnum(static_cast<unsigned char>(text[i + 1])) &&
        std::string_view("bfnrtv").find(text[i + 1]) == std::string_view::npos)
      return invalid(
          fmt::format(
              "the pattern {} uses \\{}, which is not supported; write the class out, e.g. [0-9]",
              text, text[i + 1]),
          at);
    ++i;
  }
  return {};
}

Result<void> lint(const JsonValue& schema, const std::string& at, const JsonValue& root) {
  if (!schema.IsObject()) return invalid("a schema is an object", at);
  for (const auto& m : schema.GetObject()) {
    const std::string key = m.name.GetString();
    const std::string here = at + "/" + key;
    if (key.starts_with("x-")) continue;  // ours: hints for forms
    if (std::find(kKnownKeywords.begin(), kKnownKeywords.end(), key) == kKnownKeywords.end())
      return invalid(
          fmt::format("the schema keyword \"{}\" is not part of draft 4 and would be ignored", key),
          here);
    if ((key == "exclusiveMinimum" || key == "exclusiveMaximum") && !m.value.IsBool())
      return invalid(fmt::format("in draft 4 {} is true or false, beside minimum or maximum", key),
                     here);
    if (key == "$ref") {
      const std::string ref = m.value.IsString() ? m.value.GetString() : "";
      const auto* target = ref.starts_with("#/definitions/") ? find(root, "definitions") : nullptr;
      if (!target || !find(*target, ref.substr(14)))
        return invalid(fmt::format("$ref {} does not exist; use #/definitions/NAME", ref), here);
    }
    Result<void> ok;
    if (key == "pattern")
      ok = lintPattern(m.value, here);
    else if (key == "properties" || key == "patternProperties" || key == "definitions" ||
             key == "allOf" || key == "anyOf" || key == "oneOf")
      ok = lintEach(m.value, here, root);
    else if (key == "not")
      ok = lint(m.value, here, root);
    else if (key == "items")
      ok = m.value.IsArray() ? lintEach(m.value, here, root) : lint(m.value, here, root);
    else if (key == "additionalProperties" || key == "additionalItems")
      ok = m.value.IsBool() ? Result<void>() : lint(m.value, here, root);
    if (!ok) return ok;
  }
  return {};
}

template <class Pointer>
std::string pointerText(const Pointer& pointer) {
  Buffer buffer;
  pointer.Stringify(buffer);
  return buffer.GetString();
}

std::string explain(const std::string& keyword, const JsonValue* rule) {
  const std::string wanted = rule ? toJson(*rule) : "";
  if (keyword == "required")
    return fmt::format("a required member is missing (required: {})", wanted);
  if (keyword == "additionalProperties") return "there is a member that is not known here";
  if (keyword == "type") return fmt::format("must be of type {}", wanted);
  if (keyword == "enum") return fmt::format("must be one of {}", wanted);
  if (keyword == "pattern") return fmt::format("must match the pattern {}", wanted);
  if (keyword == "minimum" || keyword == "minLength" || keyword == "minItems")
    return fmt::format("is below {} {}", keyword, wanted);
  if (keyword == "maximum" || keyword == "maxLength" || keyword == "maxItems")
    return fmt::format("is above {} {}", keyword, wanted);
  return fmt::format("breaks the rule {}{}{}", keyword,
                     wanted.empty() || wanted.size() > 200 ? "" : " ",
                     wanted.size() > 200 ? "" : wanted);
}

/// The member that `additionalProperties: false` refused, or that `required` misses: RapidJSON does
/// not say.
std::string culprit(const std::string& keyword, const JsonValue& schema, const JsonValue& value) {
  if (!value.IsObject()) return {};
  if (keyword == "required") {
    if (const auto* names = find(schema, "required"); names && names->IsArray())
      for (const auto& name : names->GetArray())
        if (!find(value, name.GetString())) return name.GetString();
  }
  if (keyword == "additionalProperties") {
    const auto* known = find(schema, "properties");
    for (const auto& m : value.GetObject())
      if (!known || !find(*known, m.name.GetString())) return m.name.GetString();
  }
  return {};
}

}  // namespace

struct JsonSchema::State {
  JsonDocument source;
  rapidjson::SchemaDocument compiled;
  std::mutex one;  // RapidJSON 1.1 searches a pattern with buffers inside the compiled schema
  explicit State(JsonDocument document) : source(std::move(document)), compiled(source) {}
};

JsonSchema::JsonSchema(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::compile(std::string_view text) {
  auto document = parseJson(text);
  if (!document) return document.error();
  if (auto ok = lint(*document, "", *document); !ok) return ok.error();
  return JsonSchema(std::make_unique<State>(std::move(*document)));
}

Result<void> JsonSchema::validate(const JsonValue& value) const {
  const std::lock_guard guard(state_->one);
  rapidjson::SchemaValidator validator(state_->compiled);
  if (value.Accept(validator)) return {};
  const std::string keyword =
      validator.GetInvalidSchemaKeyword() ? validator.GetInvalidSchemaKeyword() : "schema";
  std::string pointer = pointerText(validator.GetInvalidDocumentPointer());
  const JsonValue* schema = validator.GetInvalidSchemaPointer().Get(state_->source);
  const JsonValue* rule = schema ? find(*schema, keyword) : nullptr;
  std::string message = explain(keyword, rule);
  if (const JsonValue* place = rapidjson::Pointer(pointer.c_str()).Get(value); place && schema) {
    const std::string name = culprit(keyword, *schema, *place);
    if (!name.empty()) {
      message = keyword == "required" ? fmt::format("\"{}\" is missing", name)
                                      : fmt::format("\"{}\" is not known here", name);
      if (keyword != "required") pointer += "/" + name;
    }
  }
  return invalid(fmt::format("{}: {}", pointer.empty() ? "the document" : pointer, message),
                 pointer);
}

}  // namespace planwright
