#include "model/cache_key.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {
namespace {

constexpr std::size_t kReadable = 120;  // longer values are told by their digest
constexpr std::size_t kMostNamed = 3;   // differences in a sentence

std::string shortOf(const std::string& text) {
  return text.size() <= kReadable ? text : Digest::of(text).text();
}

std::string textOf(const JsonValue& value) {
  return shortOf(value.IsString() ? std::string(value.GetString(), value.GetStringLength())
                                  : canonicalJson(value));
}

/// Objects whose members are parts of their own: `env` of a spec as "env:LANG".
void addMembers(const JsonValue& object, const std::string& prefix, CacheParts& parts) {
  for (const auto& member : object.GetObject())
    parts[prefix + member.name.GetString()] = textOf(member.value);
}

void addSpec(const std::string& specJson, CacheParts& parts) {
  const auto spec = parseJson(specJson);
  if (!spec || !spec->IsObject()) {
    parts["spec"] = shortOf(specJson);
    return;
  }
  for (const auto& member : spec->GetObject()) {
    const std::string name = member.name.GetString();
    if (name == "env" && member.value.IsObject())
      addMembers(member.value, "env:", parts);
    else if (name == "tools" && member.value.IsObject())
      addMembers(member.value, "tool:", parts);
    else
      parts[name == "command" ? name : "spec:" + name] = textOf(member.value);
  }
}

void addSettings(const std::string& settingsJson, CacheParts& parts) {
  const auto settings = parseJson(settingsJson);
  if (!settings || !settings->IsObject()) return;
  std::string sandbox;
  for (const auto& member : settings->GetObject()) {
    const std::string name = member.name.GetString();
    if (name == "sandbox" || name == "network" || name == "user")
      sandbox += (sandbox.empty() ? "" : ", ") + name + " " + textOf(member.value);
    else if (name == "env" && member.value.IsObject())
      addMembers(member.value, "builder env:", parts);
    else
      parts["setting:" + name] = textOf(member.value);
  }
  if (!sandbox.empty()) parts["sandbox"] = sandbox;
}

}  // namespace

CacheParts cacheParts(const PlannedJob& job, const std::map<std::string, std::string>& inputs,
                      std::string_view needsJson, const BuilderIdentity& builder) {
  CacheParts parts;
  addSpec(job.specJson, parts);
  addSettings(builder.settingsJson, parts);
  parts["builder"] = builder.plugin + " " + builder.digest;
  for (const auto& input : job.inputs) {
    std::string& value = parts["input:" + input.path];
    if (!input.job.empty())
      value = inputs.at(input.path);
    else
      value = input.digest.empty() ? Digest::of(input.text).text() : input.digest;
  }
  if (!job.outputs.empty()) {
    std::string globs;
    for (const auto& glob : job.outputs) globs += (globs.empty() ? "" : "\n") + glob;
    parts["outputs"] = shortOf(globs);
  }
  if (!job.needs.empty()) parts["needs"] = Digest::of(needsJson).text();
  return parts;
}

Digest cacheKey(const CacheParts& parts) {
  return Digest::of("1\n" + toJson(parts));
}

std::string cacheNote(std::string_view result, std::string_view why, std::string_view key,
                      const CacheParts& parts) {
  return JsonWriter()
      .object()
      .member("result", result)
      .member("why", why)
      .textOrNull("key", key)
      .rawMember("parts", toJson(parts))
      .end()
      .take();
}

std::string cachePartsJson(std::string_view note) {
  const auto json = parseJson(note);
  const JsonValue* parts = json && json->IsObject() ? find(*json, "parts") : nullptr;
  return parts ? toJson(*parts) : "{}";
}

std::string toJson(const CacheParts& parts) {
  JsonWriter json;
  json.object();
  for (const auto& [part, value] : parts) json.member(part, value);
  return json.end().take();
}

CacheParts cachePartsFrom(std::string_view text) {
  CacheParts parts;
  const auto json = parseJson(text);
  if (!json || !json->IsObject()) return parts;
  for (const auto& member : json->GetObject())
    if (member.value.IsString())
      parts[member.name.GetString()] = {member.value.GetString(), member.value.GetStringLength()};
  return parts;
}

std::vector<CacheDifference> differences(const CacheParts& now, const CacheParts& before) {
  std::vector<CacheDifference> found;
  for (const auto& [part, value] : now) {
    const auto old = before.find(part);
    if (old == before.end() || old->second != value)
      found.push_back({part, value, old == before.end() ? "" : old->second});
  }
  for (const auto& [part, value] : before)
    if (!now.contains(part)) found.push_back({part, "", value});
  return found;
}

int nearestOf(const CacheParts& now, const std::vector<CacheParts>& earlier) {
  int nearest = -1;
  std::size_t fewest = 0;
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    const std::size_t count = differences(now, earlier[i]).size();
    if (nearest >= 0 && count >= fewest) continue;
    nearest = static_cast<int>(i);
    fewest = count;
  }
  return nearest;
}

std::string whyMissed(const CacheParts& now, const CacheParts* nearest) {
  if (!nearest) return "No job of this name is in the cache.";
  const auto changed = differences(now, *nearest);
  if (changed.empty()) return "Its result was in the cache, and is there no more.";
  std::string names;
  for (std::size_t i = 0; i < std::min(changed.size(), kMostNamed); ++i)
    names += (names.empty() ? "" : ", ") + changed[i].part;
  if (changed.size() > kMostNamed)
    names += fmt::format(" and {} more", changed.size() - kMostNamed);
  return fmt::format("Nothing in the cache has its key; the nearest differs in {}.", names);
}

}  // namespace planwright
