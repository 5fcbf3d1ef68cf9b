// planwright/settings.hpp - the settings of one stage instance, already checked by the host against
// the schema in plugin.json and with its defaults filled in.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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
    return value && value->IsString() ? textOf(*value) : std::move(fallback);
  }
  /// A time written as "500ms", "2s", "10min", "1h" or "1d", from 10 ms to 30 days. Anything else
  /// ends the call with PW_CONFIG.
  std::chrono::milliseconds duration(const char* name, const char* fallback) const {
    constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
        {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    constexpr std::int64_t kShortest = 10, kLongest = 30 * 86'400'000ll;
    const std::string given = text(name, fallback);
    std::int64_t count = 0;
    const char* const end = given.data() + given.size();
    const auto [at, error] = std::from_chars(given.data(), end, count);
    const std::string_view unit(at, static_cast<std::size_t>(end - at));
    for (const auto& [known, milliseconds] : kUnits)
      if (error == std::errc{} && unit == known && count > 0 && count <= kLongest / milliseconds)
        return std::chrono::milliseconds(std::max(kShortest, count * milliseconds));
    badSetting(std::string(name) + ": \"" + given +
               "\" is not a time; expected a number with ms, s, min, h or d, at most 30d, for "
               "example 2s");
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
