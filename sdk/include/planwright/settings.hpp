// planwright/settings.hpp - the settings of one stage instance, already checked by the host against
// the schema in plugin.json and with its defaults filled in.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <planwright/errors.hpp>
#include <rapidjson/document.h>

namespace pw {

/// Reads by name; a missing or wrongly typed member gives the fallback. Lives only while the stage
/// is made.
class Settings {
 public:
  Settings(pw_str queue, pw_str json) : queue_(view(queue)) {
    const std::string_view text = json.len ? view(json) : std::string_view("{}");
    document_.Parse(text.data(), text.size());
    if (document_.HasParseError() || !document_.IsObject())
      badSetting("settings are not a JSON object");
  }

  const std::string& queue() const { return queue_; }
  const rapidjson::Value& json() const { return document_; }
  bool has(const char* name) const { return document_.HasMember(name); }

  std::int64_t num(const char* name, std::int64_t fallback) const {
    const auto* value = find(name);
    return value && value->IsInt64() ? value->GetInt64() : fallback;
  }
  double real(const char* name, double fallback) const {
    const auto* value = find(name);
    return value && value->IsNumber() ? value->GetDouble() : fallback;
  }
  bool flag(const char* name, bool fallback) const {
    const auto* value = find(name);
    return value && value->IsBool() ? value->GetBool() : fallback;
  }
  std::string text(const char* name, std::string fallback = {}) const {
    const auto* value = find(name);
    return value && value->IsString() ? textOf(*value) : fallback;
  }
  /// An array of strings; other items are skipped.
  std::vector<std::string> list(const char* name) const {
    std::vector<std::string> out;
    if (const auto* value = find(name); value && value->IsArray())
      for (const auto& item : value->GetArray())
        if (item.IsString()) out.push_back(textOf(item));
    return out;
  }
  /// An object of strings; other members are skipped.
  std::map<std::string, std::string> map(const char* name) const {
    std::map<std::string, std::string> out;
    if (const auto* value = find(name); value && value->IsObject())
      for (const auto& member : value->GetObject())
        if (member.value.IsString()) out[textOf(member.name)] = textOf(member.value);
    return out;
  }

 private:
  static std::string textOf(const rapidjson::Value& value) {
    return {value.GetString(), value.GetStringLength()};
  }
  const rapidjson::Value* find(const char* name) const {
    const auto at = document_.FindMember(name);
    return at == document_.MemberEnd() ? nullptr : &at->value;
  }

  std::string queue_;
  rapidjson::Document document_;
};

}  // namespace pw
