#include "support/openapi_checker.h"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <vector>

#include "base/embedded_files.h"

namespace planwright {

namespace {

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    out.emplace_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return out;
}

bool fits(std::string_view pattern, std::string_view path) {
  const auto wanted = segments(pattern), given = segments(path);
  return wanted.size() == given.size() &&
         std::equal(wanted.begin(), wanted.end(), given.begin(),
                    [](const auto& a, const auto& b) { return a.starts_with('{') || a == b; });
}

bool isOfType(std::string_view type, const JsonValue& value) {
  if (type == "object") return value.IsObject();
  if (type == "array") return value.IsArray();
  if (type == "string") return value.IsString();
  if (type == "integer") return value.IsInt64();
  if (type == "number") return value.IsNumber();
  if (type == "boolean") return value.IsBool();
  return type == "null" && value.IsNull();
}

std::string_view text(const JsonValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// What a number or a text breaks besides its type, or "".
std::string brokenLimit(const JsonValue& schema, const JsonValue& value) {
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)");
  const JsonValue *least = find(schema, "minimum"), *most = find(schema, "maximum");
  if (value.IsNumber() && least && value.GetDouble() < least->GetDouble()) return " is too small: ";
  if (value.IsNumber() && most && value.GetDouble() > most->GetDouble()) return " is too large: ";
  if (!value.IsString()) return {};
  const std::string given(text(value)), pattern = textOr(schema, "pattern");
  if (!pattern.empty() && !std::regex_search(given, std::regex(pattern)))
    return " does not match " + pattern + ": ";
  if (textOr(schema, "format") == "date-time" && !std::regex_match(given, kTime))
    return " is no time in UTC: ";
  return {};
}

}  // namespace

OpenapiChecker::OpenapiChecker() {
  auto document = parseJson(embeddedFiles().at("host/http/openapi.json"));
  if (!document) throw std::runtime_error("openapi.json: " + document.error().message);
  document_ = std::move(*document);
}

const JsonValue* OpenapiChecker::operationOf(const std::string& line, std::string& why) const {
  const auto space = line.find(' ');
  std::string method = line.substr(0, space);
  std::transform(method.begin(), method.end(), method.begin(), ::tolower);
  const std::string path = line.substr(space + 1, line.find('?') - space - 1);
  const JsonValue* best = nullptr;
  for (const auto& candidate : find(document_, "paths")->GetObject()) {
    const bool isLiteral = text(candidate.name) == path;
    if (isLiteral || (!best && fits(text(candidate.name), path))) best = &candidate.value;
  }
  if (!best) why = "no such path";
  const JsonValue* operation = best ? find(*best, method) : nullptr;
  if (best && !operation) why = "no such method";
  return operation;
}

std::string OpenapiChecker::unknownParameter(const JsonValue& operation,
                                             const std::string& line) const {
  const auto question = line.find('?');
  for (auto at = question; at != std::string::npos; at = line.find('&', at + 1)) {
    const std::string name = line.substr(at + 1, line.find_first_of("=&", at + 1) - at - 1);
    bool isKnown = false;
    if (const JsonValue* parameters = find(operation, "parameters"))
      for (const auto& one : parameters->GetArray()) {
        const JsonValue& parameter = resolved(one);
        isKnown |= textOr(parameter, "in") == "query" && textOr(parameter, "name") == name;
      }
    if (!isKnown) return "the parameter " + name + " is not in it";
  }
  return {};
}

std::string OpenapiChecker::complaint(const std::string& line, int status,
                                      const std::string& contentType,
                                      const std::string& body) const {
  std::string why;
  const JsonValue* operation = operationOf(line, why);
  if (!operation) return why;
  const JsonValue* given = find(*find(*operation, "responses"), std::to_string(status));
  if (!given) return "the status " + std::to_string(status) + " is not in it";
  if (status < 400) why = unknownParameter(*operation, line);
  if (!why.empty()) return why;
  const std::string media = contentType.substr(0, contentType.find(';'));
  const JsonValue* content = find(resolved(*given), "content");
  const JsonValue* type = content ? find(*content, media) : nullptr;
  if (!type) return "the media type " + media + " is not in it";
  if (media.find("json") == std::string::npos) return {};
  const auto value = parseJson(body);
  if (!value) return "no JSON: " + value.error().message;
  return check(*find(*type, "schema"), *value, "");
}

const JsonValue& OpenapiChecker::resolved(const JsonValue& given) const {
  const JsonValue* reference = find(given, "$ref");
  if (!reference) return given;
  const auto steps = segments(text(*reference));  // "#", "components", "schemas", "Plan"
  const JsonValue* found = &document_;
  for (auto step = steps.begin() + 1; found && step != steps.end(); ++step)
    found = find(*found, *step);
  if (!found) throw std::runtime_error("nothing at " + std::string(text(*reference)));
  return resolved(*found);
}

std::string OpenapiChecker::check(const JsonValue& given, const JsonValue& value,
                                  const std::string& at) const {
  const JsonValue& schema = resolved(given);
  if (const JsonValue* any = find(schema, "anyOf")) {
    std::string first;
    for (const auto& option : any->GetArray()) {
      const std::string why = check(option, value, at);
      if (why.empty()) return {};
      if (first.empty()) first = why;
    }
    return first;
  }
  if (const JsonValue* type = find(schema, "type")) {
    bool isOk = type->IsString() && isOfType(text(*type), value);
    if (type->IsArray())
      for (const auto& one : type->GetArray()) isOk = isOk || isOfType(text(one), value);
    if (!isOk) return at + " is of another type: " + toJson(value);
  }
  if (const JsonValue* words = find(schema, "enum")) {
    bool isOk = false;
    for (const auto& word : words->GetArray()) isOk = isOk || word == value;
    if (!isOk) return at + " is none of the words: " + toJson(value);
  }
  if (const JsonValue* constant = find(schema, "const"); constant && *constant != value)
    return at + " is not " + toJson(*constant);
  if (const auto why = brokenLimit(schema, value); !why.empty()) return at + why + toJson(value);
  if (value.IsObject()) return checkObject(schema, value, at);
  const JsonValue* items = find(schema, "items");
  if (!value.IsArray() || !items) return {};
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
    auto why = check(*items, value[i], at + "/" + std::to_string(i));
    if (!why.empty()) return why;
  }
  return {};
}

std::string OpenapiChecker::checkObject(const JsonValue& schema, const JsonValue& value,
                                        const std::string& at) const {
  if (const JsonValue* required = find(schema, "required"))
    for (const auto& name : required->GetArray())
      if (!find(value, text(name))) return at + " has no " + std::string(text(name));
  const JsonValue* properties = find(schema, "properties");
  const JsonValue* others = find(schema, "additionalProperties");
  for (const auto& member : value.GetObject()) {
    const std::string place = at + "/" + std::string(text(member.name));
    const JsonValue* known = properties ? find(*properties, text(member.name)) : nullptr;
    if (!known && others && others->IsObject()) known = others;
    if (!known && others && others->IsFalse()) return place + " is not in the document";
    auto why = known ? check(*known, member.value, place) : std::string();
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace planwright
