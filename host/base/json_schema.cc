#include <mutex>

#include <fmt/format.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include "base/json.h"
#include "base/schema_rules.h"

namespace planwright {
namespace {

using Buffer = rapidjson::StringBuffer;

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
  if (auto ok = checkSchema(*document); !ok) return ok.error();
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
