#pragma once

#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace recipe {

/// Refuses the recipe (pw::reject) with "line L, column C: " before the message.
[[noreturn]] void rejectAt(const YAML::Mark& mark, const std::string& message);

/// Loads one YAML document of readableText, and refuses what yaml-cpp lets pass: further documents,
/// a quote that never ends, a key that stands twice, keys that are not plain text, "<<", tags, and
/// aliases that expand without end.
YAML::Node loadStrictYaml(const std::string& text);

}  // namespace recipe
