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
  return toJson(*settings);
}

}  // namespace planwright
