#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/place.h"

namespace planwright {

/// A configuration file as a tree of plain values that remember where they were written. Free of
/// any YAML library: aliases are resolved, scalars typed by YAML 1.2's core schema, duplicate keys
/// gone.
struct ConfigNode {
  enum class Kind { Null, Bool, Integer, Real, Text, Secret, List, Map };
  struct Member;

  Kind kind = Kind::Null;
  std::string text;  ///< a scalar as it was written; of a Secret its name
  std::int64_t integer = 0;
  double real = 0;
  bool flag = false;
  std::vector<ConfigNode> items;
  std::vector<Member> members;  ///< in the order of the file
  Place place;

  bool isMap() const { return kind == Kind::Map; }
  bool isList() const { return kind == Kind::List; }
  bool isNull() const { return kind == Kind::Null; }
  const ConfigNode* find(std::string_view key) const;
};

struct ConfigNode::Member {
  std::string key;
  Place keyPlace;
  ConfigNode value;
};

/// A map of texts that no file has, all of it at `place`.
ConfigNode mapOfTexts(std::initializer_list<std::pair<const char*, std::string>> texts,
                      const Place& place);

/// A map whose members are those of `base`, replaced or (map by map) merged with those of `over`.
/// Anything that is not two maps: `over`.
ConfigNode deepMerge(const ConfigNode& base, const ConfigNode& over);

/// `a/b` -> `a~1b` (RFC 6901).
std::string pointerToken(std::string_view key);

/// Adds the place of `node` and of everything below it under `pointer`.
void collectPlaces(const ConfigNode& node, const std::string& pointer,
                   std::map<std::string, Place>& places);

/// JSON text of a tree without secrets; those are added to `secrets` as JSON pointer and name.
std::string nodeToJson(const ConfigNode& node,
                       std::vector<std::pair<std::string, std::string>>& secrets);

}  // namespace planwright
