#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/glob.h"
#include "base/json.h"
#include "stages/registry.h"

namespace planwright {
namespace {

/// Puts `default` values where a member is missing. Objects that are there, or that came as a
/// default, are filled in too.
void fillDefaults(const JsonValue& schema, JsonValue& value, JsonDocument::AllocatorType& memory) {
  const auto* properties = find(schema, "properties");
  if (!value.IsObject() || !properties || !properties->IsObject()) return;
  for (const auto& property : properties->GetObject()) {
    auto at = value.FindMember(property.name);
    if (at == value.MemberEnd()) {
      const auto* fallback = find(property.value, "default");
      if (!fallback) continue;
      value.AddMember(JsonValue(property.name, memory), JsonValue(*fallback, memory), memory);
      at = value.MemberEnd() - 1;
    }
    fillDefaults(property.value, at->value, memory);
  }
}

/// "2s" as pw::Settings::duration reads it.
bool isDuration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 9 || text[0] == '0') return false;
  constexpr std::array<std::string_view, 5> kUnits = {"ms", "s", "min", "h", "d"};
  return std::find(kUnits.begin(), kUnits.end(), text.substr(digits)) != kUnits.end();
}

/// What draft 4 cannot say of a text: `"x-format": "glob"` or `"duration"`.
Result<void> checkFormats(const JsonValue& schema, const JsonValue& value, const std::string& at) {
  if (value.IsString()) {
    const std::string_view text(value.GetString(), value.GetStringLength());
    const std::string format = textOr(schema, "x-format");
    if (format == "glob")
      if (const std::string why = whyNotGlob(text); !why.empty()) return invalid(why, at);
    if (format == "duration" && !isDuration(text))
      return invalid("\"" + std::string(text) +
                         "\" is not a time; write a whole number with ms, s, min, h or d, such as "
                         "2s",
                     at);
  }
  const auto* properties = find(schema, "properties");
  if (value.IsObject() && properties && properties->IsObject())
    for (const auto& property : properties->GetObject())
      if (const auto* member = find(value, property.name.GetString()))
        if (auto ok = checkFormats(property.value, *member,
                                   at + "/" + std::string(property.name.GetString()));
            !ok)
          return ok;
  const auto* items = find(schema, "items");
  if (value.IsArray() && items && items->IsObject())
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
      if (auto ok = checkFormats(*items, value[i], at + "/" + std::to_string(i)); !ok) return ok;
  return {};
}

}  // namespace

Result<std::string> settingsWithDefaults(std::string_view schemaJson,
                                         std::string_view settingsJson) {
  const auto schema = JsonSchema::compile(schemaJson);
  if (!schema) return schema.error();
  auto settings = parseJson(settingsJson.empty() ? "{}" : settingsJson);
  if (!settings) return settings.error();
  if (!settings->IsObject()) return invalid("settings are an object of names and values");
  const auto rules = parseJson(schemaJson);
  fillDefaults(*rules, *settings, settings->GetAllocator());
  if (const auto fits = schema->validate(*settings); !fits) return fits.error();
  if (const auto fits = checkFormats(*rules, *settings, ""); !fits) return fits.error();
  return toJson(*settings);
}

}  // namespace planwright
