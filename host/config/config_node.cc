#include "config/config_node.h"

#include <algorithm>

#include "base/json.h"

namespace planwright {
namespace {

using SecretPlaces = std::vector<std::pair<std::string, std::string>>;

void write(const ConfigNode& node, const std::string& pointer, JsonWriter& json,
           SecretPlaces& secrets);

void writeMap(const ConfigNode& node, const std::string& pointer, JsonWriter& json,
              SecretPlaces& secrets) {
  json.object();
  for (const auto& member : node.members) {
    const std::string below = pointer + "/" + pointerToken(member.key);
    if (member.value.kind == ConfigNode::Kind::Secret) {
      secrets.emplace_back(below, member.value.text);
      continue;
    }
    json.key(member.key);
    write(member.value, below, json, secrets);
  }
  json.end();
}

void write(const ConfigNode& node, const std::string& pointer, JsonWriter& json,
           SecretPlaces& secrets) {
  using Kind = ConfigNode::Kind;
  switch (node.kind) {
    case Kind::Null:
      json.null();
      return;
    case Kind::Bool:
      json.value(node.flag);
      return;
    case Kind::Integer:
      json.value(node.integer);
      return;
    case Kind::Real:
      json.value(node.real);
      return;
    case Kind::Text:
      json.value(node.text);
      return;
    case Kind::Secret:
      json.null();
      return;  // in a list: its place stays
    case Kind::Map:
      writeMap(node, pointer, json, secrets);
      return;
    case Kind::List:
      json.array();
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::string below = pointer + "/" + std::to_string(i);
        if (node.items[i].kind == Kind::Secret) secrets.emplace_back(below, node.items[i].text);
        write(node.items[i], below, json, secrets);
      }
      json.end();
      return;
  }
}

}  // namespace

const ConfigNode* ConfigNode::find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

ConfigNode mapOfTexts(std::initializer_list<std::pair<const char*, std::string>> texts,
                      const Place& place) {
  ConfigNode map;
  map.kind = ConfigNode::Kind::Map;
  map.place = place;
  for (const auto& [key, text] : texts) {
    ConfigNode value;
    value.kind = ConfigNode::Kind::Text;
    value.text = text;
    value.place = place;
    map.members.push_back({key, place, std::move(value)});
  }
  return map;
}

ConfigNode deepMerge(const ConfigNode& base, const ConfigNode& over) {
  if (!base.isMap() || !over.isMap()) return over;
  ConfigNode merged = over;
  merged.members.clear();
  for (const auto& member : base.members) {
    const ConfigNode* replacement = over.find(member.key);
    if (!replacement) merged.members.push_back(member);
  }
  for (const auto& member : over.members) {
    const ConfigNode* below = base.find(member.key);
    merged.members.push_back(
        {member.key, member.keyPlace, below ? deepMerge(*below, member.value) : member.value});
  }
  return merged;
}

std::string pointerToken(std::string_view key) {
  std::string token;
  for (const char c : key) {
    if (c == '~')
      token += "~0";
    else if (c == '/')
      token += "~1";
    else
      token += c;
  }
  return token;
}

void collectPlaces(const ConfigNode& node, const std::string& pointer,
                   std::map<std::string, Place>& places) {
  places[pointer] = node.place;
  for (const auto& member : node.members)
    collectPlaces(member.value, pointer + "/" + pointerToken(member.key), places);
  for (std::size_t i = 0; i < node.items.size(); ++i)
    collectPlaces(node.items[i], pointer + "/" + std::to_string(i), places);
}

std::string nodeToJson(const ConfigNode& node, SecretPlaces& secrets) {
  JsonWriter json;
  write(node, "", json, secrets);
  return json.take();
}

}  // namespace planwright
