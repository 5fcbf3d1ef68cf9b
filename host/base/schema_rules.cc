#include "base/schema_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/schema_pattern.h"

namespace planwright {
namespace {

/// What stands behind a keyword of draft 4.
enum class Operand {
  Anything,
  Text,
  Flag,
  Count,
  Number,
  PositiveNumber,
  Values,
  Names,
  TypeNames,
  Pattern,
  Schema,
  SchemaOrFlag,
  SchemaOrSchemas,
  Schemas,
  SchemaMap,
  PatternMap,
  Dependencies,
  Reference
};

struct Keyword {
  std::string_view name;
  Operand operand;
};

constexpr std::array kKeywords = {Keyword{"$schema", Operand::Text},
                                  Keyword{"$ref", Operand::Reference},
                                  Keyword{"id", Operand::Text},
                                  Keyword{"title", Operand::Text},
                                  Keyword{"description", Operand::Text},
                                  Keyword{"default", Operand::Anything},
                                  Keyword{"definitions", Operand::SchemaMap},
                                  Keyword{"type", Operand::TypeNames},
                                  Keyword{"enum", Operand::Values},
                                  Keyword{"properties", Operand::SchemaMap},
                                  Keyword{"additionalProperties", Operand::SchemaOrFlag},
                                  Keyword{"patternProperties", Operand::PatternMap},
                                  Keyword{"required", Operand::Names},
                                  Keyword{"minProperties", Operand::Count},
                                  Keyword{"maxProperties", Operand::Count},
                                  Keyword{"dependencies", Operand::Dependencies},
                                  Keyword{"items", Operand::SchemaOrSchemas},
                                  Keyword{"additionalItems", Operand::SchemaOrFlag},
                                  Keyword{"minItems", Operand::Count},
                                  Keyword{"maxItems", Operand::Count},
                                  Keyword{"uniqueItems", Operand::Flag},
                                  Keyword{"minimum", Operand::Number},
                                  Keyword{"maximum", Operand::Number},
                                  Keyword{"exclusiveMinimum", Operand::Flag},
                                  Keyword{"exclusiveMaximum", Operand::Flag},
                                  Keyword{"multipleOf", Operand::PositiveNumber},
                                  Keyword{"minLength", Operand::Count},
                                  Keyword{"maxLength", Operand::Count},
                                  Keyword{"pattern", Operand::Pattern},
                                  Keyword{"allOf", Operand::Schemas},
                                  Keyword{"anyOf", Operand::Schemas},
                                  Keyword{"oneOf", Operand::Schemas},
                                  Keyword{"not", Operand::Schema}};

constexpr std::string_view kReferencePrefix = "#/definitions/";

std::string_view textOf(const JsonValue& text) {
  return {text.GetString(), text.GetStringLength()};
}

bool isTypeName(const JsonValue& value) {
  constexpr std::array kTypes = {"null",   "boolean", "object", "array",
                                 "string", "number",  "integer"};
  return value.IsString() && std::find(kTypes.begin(), kTypes.end(), textOf(value)) != kTypes.end();
}

template <class Predicate>
bool isFilledList(const JsonValue& value, Predicate isGood) {
  return value.IsArray() && !value.Empty() && std::all_of(value.Begin(), value.End(), isGood);
}

bool isNames(const JsonValue& value) {
  return isFilledList(value, [](const JsonValue& name) { return name.IsString(); });
}

/// The definition a schema stands for, or empty.
std::string_view referenceOf(const JsonValue& schema) {
  const auto* reference = find(schema, "$ref");
  if (!reference || !reference->IsString()) return {};
  const std::string_view text = textOf(*reference);
  return text.starts_with(kReferencePrefix) ? text.substr(kReferencePrefix.size())
                                            : std::string_view();
}

/// Walks one schema from its root. A local.
class SchemaChecker {
 public:
  explicit SchemaChecker(const JsonValue& root) : definitions_(find(root, "definitions")) {}

  Result<void> check(const JsonValue& schema, const std::string& at) {
    if (!schema.IsObject()) return invalid("a schema is an object", at);
    for (const auto& member : schema.GetObject()) {
      const std::string_view name = textOf(member.name);
      if (name.starts_with("x-")) continue;  // ours: hints for forms
      const std::string here = fmt::format("{}/{}", at, name);
      const auto* keyword = std::find_if(kKeywords.begin(), kKeywords.end(),
                                         [&](const Keyword& k) { return k.name == name; });
      if (keyword == kKeywords.end())
        return invalid(
            fmt::format("the schema keyword \"{}\" is not part of draft 4 and would be ignored",
                        name),
            here);
      if (auto ok = checkOperand(keyword->operand, member.value, here); !ok) return ok;
    }
    return {};
  }

  /// A definition that leads back to itself without going down into the value has no end.
  Result<void> checkCircles() {
    if (!definitions_) return {};
    for (const auto& member : definitions_->GetObject())
      if (leadsBack(textOf(member.name)))
        return invalid(fmt::format("the definition \"{}\" stands for itself", textOf(member.name)),
                       fmt::format("/definitions/{}", textOf(member.name)));
    return {};
  }

 private:
  Result<void> checkOperand(Operand operand, const JsonValue& value, const std::string& at) {
    switch (operand) {
      case Operand::Anything:
        return {};
      case Operand::Text:
        return must(value.IsString(), "is a text", at);
      case Operand::Flag:
        return must(value.IsBool(), "is true or false in draft 4", at);
      case Operand::Count:
        return must(value.IsUint(), "is a whole number from 0", at);
      case Operand::Number:
        return must(value.IsNumber(), "is a number", at);
      case Operand::PositiveNumber:
        return must(value.IsNumber() && value.GetDouble() > 0, "is a number above 0", at);
      case Operand::Values:
        return must(isFilledList(value, [](const JsonValue&) { return true; }),
                    "is a list with at least one value", at);
      case Operand::Names:
        return must(isNames(value), "is a list of names", at);
      case Operand::TypeNames:
        return must(isTypeName(value) || isFilledList(value, isTypeName),
                    "names types of JSON, such as \"string\"", at);
      case Operand::Pattern:
        return checkPatternAt(value, at);
      case Operand::Schema:
        return check(value, at);
      case Operand::SchemaOrFlag:
        return value.IsBool() ? Result<void>() : check(value, at);
      case Operand::SchemaOrSchemas:
        return value.IsArray() ? checkList(value, at) : check(value, at);
      case Operand::Schemas:
        return value.IsArray() && !value.Empty() ? checkList(value, at)
                                                 : must(false, "is a list of schemas", at);
      case Operand::SchemaMap:
      case Operand::PatternMap:
      case Operand::Dependencies:
        return checkMap(operand, value, at);
      case Operand::Reference:
        return checkReference(value, at);
    }
    return {};
  }

  static Result<void> must(bool holds, const char* what, const std::string& at) {
    if (holds) return {};
    return invalid(fmt::format("{} {}", at.substr(at.rfind('/') + 1), what), at);
  }

  static Result<void> checkPatternAt(const JsonValue& value, const std::string& at) {
    if (!value.IsString()) return invalid("a pattern is a text", at);
    if (auto ok = checkPattern(textOf(value)); !ok) return invalid(ok.error().message, at);
    return {};
  }

  Result<void> checkList(const JsonValue& list, const std::string& at) {
    for (rapidjson::SizeType i = 0; i < list.Size(); ++i)
      if (auto ok = check(list[i], fmt::format("{}/{}", at, i)); !ok) return ok;
    return {};
  }

  Result<void> checkMap(Operand operand, const JsonValue& map, const std::string& at) {
    if (!map.IsObject()) return must(false, "is an object of schemas", at);
    for (const auto& member : map.GetObject()) {
      const std::string here = fmt::format("{}/{}", at, textOf(member.name));
      if (operand == Operand::PatternMap)
        if (auto ok = checkPatternAt(member.name, here); !ok) return ok;
      if (operand == Operand::Dependencies && isNames(member.value)) continue;
      if (auto ok = check(member.value, here); !ok) return ok;
    }
    return {};
  }

  Result<void> checkReference(const JsonValue& value, const std::string& at) const {
    const std::string_view text = value.IsString() ? textOf(value) : std::string_view();
    const bool isKnown = text.starts_with(kReferencePrefix) && definitions_ &&
                         find(*definitions_, text.substr(kReferencePrefix.size()));
    // RapidJSON decodes %41 and ~1 in a reference, find() does not.
    if (isKnown && text.find_first_of("%~") == std::string_view::npos) return {};
    return invalid(fmt::format("$ref {} does not exist; use #/definitions/NAME", text), at);
  }

  /// Follows a definition through what looks at the same value again.
  bool leadsBack(std::string_view name) {
    const auto [mark, isNew] = marks_.emplace(name, Mark::Open);
    if (!isNew) return mark->second == Mark::Open;
    const auto* definition = find(*definitions_, name);
    const bool isCircle = definition && leadsBackFrom(*definition);
    marks_[name] = Mark::Done;
    return isCircle;
  }

  bool leadsBackFrom(const JsonValue& schema) {
    const std::string_view reference = referenceOf(schema);
    if (!reference.empty()) return leadsBack(reference);
    for (const char* keyword : {"allOf", "anyOf", "oneOf"})
      if (const auto* list = find(schema, keyword))
        for (const auto& item : list->GetArray())
          if (leadsBackFrom(item)) return true;
    if (const auto* dependencies = find(schema, "dependencies"))
      for (const auto& member : dependencies->GetObject())
        if (leadsBackFrom(member.value)) return true;
    const auto* negated = find(schema, "not");
    return negated && leadsBackFrom(*negated);
  }

  enum class Mark { Open, Done };

  const JsonValue* const definitions_;
  std::map<std::string_view, Mark> marks_;
};

}  // namespace

Result<void> checkSchema(const JsonValue& schema) {
  SchemaChecker checker(schema);
  if (auto ok = checker.check(schema, ""); !ok) return ok;
  return checker.checkCircles();
}

}  // namespace planwright
